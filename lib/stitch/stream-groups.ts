// Which models run through a decoder layer together, and whether training the stitches needs a graph of that layer.
import type { StitchConfig, StitchPlace } from "./config.ts";

/** Models that run through a layer alike: their inputs all depend on a stitch, or none of them does. */
export interface StreamGroup {
  /** 0 is the hub, then the experts; ascending, without gaps. */
  readonly models: readonly number[];
  /** Whether their inputs depend on what is trained: not before the first stitch, nor for the hub before the first E2H. */
  readonly graph: boolean;
}

/**
 * The groups of each decoder layer.
 *
 * Before the first stitch all models run side by side. An H2E leaves the hub unchanged; from the first E2H on, the hub
 * depends on the stitches too. After the last stitch only the hub is needed.
 *
 * @param models n + 1
 */
export function streamGroups(
  { expertAfterE2H }: Pick<StitchConfig, "expertAfterE2H">,
  places: readonly StitchPlace[],
  models: number,
  layers: number,
): readonly (readonly StreamGroup[])[] {
  const all = Array.from({ length: models }, (_, i) => i);
  const last = places.at(-1)!.after;
  const depends = new Set<number>();
  return Array.from({ length: layers }, (_, layer) => {
    for (const { kind, into } of places.filter(({ after }) => after === layer)) {
      const receiver = into === undefined ? 0 : 1;
      if (kind === "E2H") depends.add(receiver);
      if (kind === "H2E" || expertAfterE2H === "projected") {
        for (const model of all) if (model !== receiver) depends.add(model);
      }
    }
    const running = layer < last ? all : [0];
    return [false, true].flatMap((graph): StreamGroup[] => {
      const members = running.filter((model) => depends.has(model) === graph);
      return members.length === 0 ? [] : [{ models: members, graph }];
    });
  });
}
