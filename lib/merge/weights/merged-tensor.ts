// Merges one tensor of several folders into the bytes of its file, and counts unusual values.
import { DTYPE_BYTES, encodeWeights, type PlannedTensor, type WeightDtype } from "../../huggingface/mod.ts";
import type { MatchedFolder } from "./matching.ts";
import { mergeTensor, PIECE } from "./merge.ts";
import type { MergeOptions, WeightMethod } from "./method.ts";
import { buffer, ranges, sizeOf, type TensorSource } from "./source.ts";

/** Counts of a tensor's values that are not finite. */
export interface NotFinite {
  readonly nan: number;
  readonly infinite: number;
}

/** Unusual values of a merged tensor and of the tensors it was merged from. */
export interface TensorFindings {
  readonly tensor: string;
  /** In the merged tensor, before it is rounded to the type of the file. */
  readonly merged: NotFinite;
  /** In the folders that have any. */
  readonly sources: readonly (NotFinite & { readonly folder: string })[];
  /** Finite values that become infinite in the type of the file. */
  readonly overflowed: number;
}

/** How to read. */
export interface TensorMerge {
  readonly signal?: AbortSignal | undefined;
  /** Elements of each model's tensor in memory at once, about. */
  readonly piece?: number | undefined;
}

/** Matched models, the first of which may be the base. */
export interface MatchedModels {
  readonly folders: readonly MatchedFolder[];
  readonly hasBase: boolean;
}

/**
 * Yields the bytes of one merged tensor in pieces, and returns the counts of unusual values.
 *
 * @param drawnAs the name that random draws depend on: the tensor's own, or that of the tensor it is a copy of
 */
export function* mergedBytes(
  { signal, piece = PIECE }: TensorMerge,
  method: WeightMethod,
  options: MergeOptions,
  { folders, hasBase }: MatchedModels,
  { name, dtype }: PlannedTensor,
  drawnAs: string,
): Generator<Uint8Array, TensorFindings> {
  const sources = folders.map((folder) => countedSource(folder, name));
  const inputs = hasBase ? { base: sources[0], models: sources.slice(1) } : { base: undefined, models: sources };
  const scratch = buffer(Uint8Array);
  const type = dtype as WeightDtype;
  const merged = { nan: 0, infinite: 0 };
  let overflowed = 0;
  for (const values of mergeTensor(method, drawnAs, inputs, options, piece)) {
    signal?.throwIfAborted();
    countNotFinite(values, merged);
    overflowed += countOverflows(values, type);
    yield encodeWeights(type, values, scratch(values.length * DTYPE_BYTES[type]));
  }
  const bad = folders.map(({ input }, i) => ({ folder: input.name, ...sources[i]!.notFinite }))
    .filter(({ nan, infinite }) => nan + infinite > 0);
  return { tensor: name, merged, sources: bad, overflowed };
}

/**
 * A source for a folder's tensor that counts values that are not finite while reading. It keeps the last range, because
 * small tensors are read several times.
 */
function countedSource(folder: MatchedFolder, name: string): TensorSource & { readonly notFinite: NotFinite } {
  const scratch = buffer(Float32Array);
  const notFinite = { nan: 0, infinite: 0 };
  let counted = 0;
  let last: { begin: number; end: number; values: Float32Array } | undefined;
  return {
    shape: folder.shapes.get(name)!,
    notFinite,
    read(begin, end) {
      if (last?.begin !== begin || last.end !== end) {
        last = { begin, end, values: folder.read(name, begin, end, scratch(end - begin)) };
        // A tensor may be read in several passes, each from the start.
        if (begin >= counted) {
          countNotFinite(last.values, notFinite);
          counted = end;
        }
      }
      return last.values;
    },
  };
}

/** Yields the bytes of a tensor that is the same in all models and is not merged. */
export function* copiedBytes(
  { input: { files } }: MatchedFolder,
  { name, shape }: PlannedTensor,
): Generator<Uint8Array> {
  for (const [begin, end] of ranges(sizeOf(shape), PIECE)) yield files.readBytes(name, begin, end);
}

function countNotFinite(values: Float32Array, counts: { nan: number; infinite: number }): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    // Infinity minus itself is NaN, as is NaN minus itself; every other difference is 0.
    if (value - value === 0) continue;
    if (Number.isNaN(value)) counts.nan++;
    else counts.infinite++;
  }
}

/** The smallest magnitude that each type rounds to infinity. */
const TOO_LARGE = {
  F16: 65_520,
  BF16: (2 - 2 ** -8) * 2 ** 127,
} as const;

function countOverflows(values: Float32Array, dtype: WeightDtype): number {
  if (dtype === "F32") return 0;
  const limit = TOO_LARGE[dtype];
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]!);
    if (size >= limit && size !== Infinity) count++;
  }
  return count;
}
