// How deep in a model a tensor is, for options that change from layer to layer.

const LAYER = /(?:^|\.)(?:layers|h|blocks|block)\.(\d+)\./;

/**
 * The position of each tensor's layer, as in mergekit: from 0, the first, to 1, the last or only layer; 0 for tensors
 * outside the layers, such as embeddings and head.
 */
export function depths(names: readonly string[]): ReadonlyMap<string, number> {
  const layers = names.map((name) => LAYER.exec(name)?.[1]).map((layer) =>
    layer === undefined ? undefined : Number(layer)
  );
  const last = layers.reduce((max: number, layer) => Math.max(max, layer ?? 0), 0);
  return new Map(names.map((name, i) => {
    const layer = layers[i];
    return [name, layer === undefined ? 0 : last === 0 ? 1 : layer / last];
  }));
}
