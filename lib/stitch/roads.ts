// Which models run through which decoder layers, and whether training the stitches needs a graph of what they do there.
import type { StitchConfig, StitchPlace } from "./config.ts";

/** Models that run through a layer alike: all of them frozen, on inputs that all depend on a stitch or none does. */
export interface Road {
  /** 0 for the hub, then the experts; ascending, without gaps. */
  readonly models: readonly number[];
  /** Whether their inputs depend on what is trained. Before the first stitch, and for the hub before the first E2H, not. */
  readonly graph: boolean;
}

/**
 * The roads through each decoder layer.
 *
 * Before the first stitch all models run side by side; an H2E leaves the hub as it was; from the first E2H on the hub
 * depends on the stitches too; after the last stitch only the hub is asked.
 *
 * @param models n + 1
 */
export function roadsThrough(
  { expertAfterE2H }: Pick<StitchConfig, "expertAfterE2H">,
  places: readonly StitchPlace[],
  models: number,
  layers: number,
): readonly (readonly Road[])[] {
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
    return [false, true].flatMap((graph): Road[] => {
      const those = running.filter((model) => depends.has(model) === graph);
      return those.length === 0 ? [] : [{ models: those, graph }];
    });
  });
}
