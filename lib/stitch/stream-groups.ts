// Which models run through a decoder layer together, and whether training the stitches needs a graph of that layer.
import type { StitchConfig, StitchPlace } from "./config.ts";
import { stitchKind } from "./kinds/registry.ts";

/** Models that run through a layer alike: their inputs all depend on a stitch, or none of them does. */
export interface StreamGroup {
  /** 0 is the hub, then the experts; ascending, without gaps. */
  readonly models: readonly number[];
  /** Whether their inputs depend on what is trained: not before the first stitch that changes their state. */
  readonly graph: boolean;
}

/**
 * The groups of each decoder layer.
 *
 * Before the first stitch all models run side by side. After it, a model depends on the stitches once one has changed its
 * state. After the last stitch only the hub is needed.
 *
 * @param models n + 1
 */
export function streamGroups(
  config: StitchConfig,
  places: readonly StitchPlace[],
  models: number,
  layers: number,
): readonly (readonly StreamGroup[])[] {
  const all = Array.from({ length: models }, (_, i) => i);
  const last = places.at(-1)!.after;
  const depends = new Set<number>();
  return Array.from({ length: layers }, (_, layer) => {
    for (const { kind, into } of places.filter(({ after }) => after === layer)) {
      const hub = into === undefined ? 0 : 1;
      for (const role of stitchKind(kind).receivers(config)) {
        for (const model of all) if ((model === hub) === (role === "hub")) depends.add(model);
      }
    }
    const running = layer < last ? all : [0];
    return [false, true].flatMap((graph): StreamGroup[] => {
      const members = running.filter((model) => depends.has(model) === graph);
      return members.length === 0 ? [] : [{ models: members, graph }];
    });
  });
}
