// The layers of a model by the names of its tensors: how deep a tensor is, and models that have some of the layers.
import { UserError } from "../../errors.ts";
import type { WeightFiles } from "../../huggingface/mod.ts";

const LAYER = /^(?<stack>(?:.*?\.)?(?:layers|h|blocks|block))\.(?<index>\d+)\.(?<rest>.*)$/;

/** Where a tensor is among the layers: that of `model.layers.3.mlp.up_proj.weight` is 3 of `model.layers`. */
export interface LayerPlace {
  /** The name of the list of layers. */
  readonly stack: string;
  readonly index: number;
  /** The rest of the tensor's name. */
  readonly rest: string;
}

/** The place of a tensor, or undefined if it is outside the layers. */
export function layerPlace(name: string): LayerPlace | undefined {
  const { stack, index, rest } = LAYER.exec(name)?.groups ?? {};
  return stack === undefined ? undefined : { stack, index: Number(index), rest: rest! };
}

/**
 * The position of each tensor's layer, as in mergekit: from 0, the first, to 1, the last or only layer; 0 for tensors
 * outside the layers, such as embeddings and head.
 */
export function depths(names: readonly string[]): ReadonlyMap<string, number> {
  const layers = names.map((name) => layerPlace(name)?.index);
  const last = layers.reduce((max: number, layer) => Math.max(max, layer ?? 0), 0);
  return new Map(names.map((name, i) => {
    const layer = layers[i];
    return [name, layer === undefined ? 0 : depthOf(layer, last + 1)];
  }));
}

/** The position of a layer among `count`, from 0, the first, to 1, the last or only one. */
export function depthOf(layer: number, count: number): number {
  return count === 1 ? 1 : layer / (count - 1);
}

/** Layers `begin` to `end` (exclusive) of a model. */
export type LayerRange = readonly [begin: number, end: number];

/** The number of layers of a model. @throws UserError `merge.layers` if it has none, or several lists of them */
export function countLayers({ folder, weights }: WeightFiles): number {
  const places = [...weights.keys()].flatMap((name) => layerPlace(name) ?? []);
  const stacks = [...new Set(places.map(({ stack }) => stack))];
  if (stacks.length === 1) return places.reduce((max, { index }) => Math.max(max, index + 1), 0);
  const found = stacks.length === 0 ? "it has no layers" : `it has layers in ${stacks.join(" and in ")}`;
  throw new UserError(
    "merge.layers",
    `Cannot take layers of "${folder}": ${found}`,
    "slices are for language models, whose layers are one list",
  );
}

/** A model some of whose layers are read under new numbers. */
export interface LayerView extends WeightFiles {
  /** The name in the model. */
  readonly ownName: (name: string) => string;
}

/** The whole model, or its layers in `range` renumbered from `first`; tensors outside the layers stay. */
export function layerView(files: WeightFiles, range: LayerRange | undefined, first = 0): LayerView {
  const own = new Map(
    files.weights.keys().flatMap((name): (readonly [string, string])[] => {
      const place = range === undefined ? undefined : layerPlace(name);
      if (range === undefined || place === undefined) return [[name, name]];
      const { stack, index, rest } = place;
      return index < range[0] || index >= range[1] ? [] : [[`${stack}.${index - range[0] + first}.${rest}`, name]];
    }),
  );
  const ownName = (name: string) => own.get(name)!;
  return {
    ...files,
    ownName,
    weights: new Map([...own].map(([name, from]) => [name, files.weights.get(from)!])),
    read: (name, ...place) => files.read(ownName(name), ...place),
    readBytes: (name, begin, end) => files.readBytes(ownName(name), begin, end),
  };
}

/** Whether a tensor outside the layers is used before them, as embeddings are; norm and head come after. */
export function isBeforeLayers(name: string): boolean {
  return /(^|\.)(wte|wpe|shared|(?!embed_out)\w*embed\w*)(\.|$)/.test(name);
}
