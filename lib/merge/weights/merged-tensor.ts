// One tensor of a merged folder, as the bytes of its file.
import { DTYPE_BYTES, encodeWeights, type PlannedTensor, type WeightDtype } from "../../huggingface/mod.ts";
import type { MatchedFolder } from "./matching.ts";
import { mergeTensor, type ModelsToMerge, PIECE } from "./merge.ts";
import type { MergeOptions, WeightMethod } from "./method.ts";
import { buffer, ranges, sizeOf, type TensorSource } from "./source.ts";

/** How many values of a tensor are no finite numbers. */
export interface Odd {
  readonly tensor: string;
  readonly nan: number;
  readonly infinite: number;
  /** Finite values that are infinite in the type of the file. */
  readonly overflowed: number;
}

/**
 * The bytes of one merged tensor in successive pieces; returns what is odd about its values.
 *
 * @param drawnAs the name that random numbers depend on: that of the tensor, or of the one that it is a copy of
 */
export function* mergedBytes(
  { base, signal, piece = PIECE }: ModelsToMerge<string> & {
    readonly signal?: AbortSignal | undefined;
    readonly piece?: number | undefined;
  },
  method: WeightMethod,
  options: MergeOptions,
  folders: readonly MatchedFolder[],
  { name, dtype }: PlannedTensor,
  drawnAs: string,
): Generator<Uint8Array, Odd> {
  const sources = folders.map((folder) => sourceOf(folder, name));
  const inputs = base === undefined
    ? { base: undefined, models: sources }
    : { base: sources[0], models: sources.slice(1) };
  const room = buffer(Uint8Array);
  const type = dtype as WeightDtype;
  let [nan, infinite, overflowed] = [0, 0, 0];
  for (const values of mergeTensor(method, drawnAs, inputs, options, piece)) {
    signal?.throwIfAborted();
    const odd = oddOf(values, type);
    [nan, infinite, overflowed] = [nan + odd.nan, infinite + odd.infinite, overflowed + odd.overflowed];
    yield encodeWeights(type, values, room(values.length * DTYPE_BYTES[type]));
  }
  return { tensor: name, nan, infinite, overflowed };
}

/** A tensor of a folder; the range that was read last is kept, because a small tensor is read several times. */
function sourceOf(folder: MatchedFolder, name: string): TensorSource {
  const room = buffer(Float32Array);
  let last: { begin: number; end: number; values: Float32Array } | undefined;
  return {
    shape: folder.shapes.get(name)!,
    read(begin, end) {
      if (last?.begin !== begin || last.end !== end) {
        last = { begin, end, values: folder.read(name, begin, end, room(end - begin)) };
      }
      return last.values;
    },
  };
}

/** The bytes of a tensor that is no weight and is the same in all models. */
export function* copiedBytes({ files }: MatchedFolder, { name, shape }: PlannedTensor): Generator<Uint8Array> {
  for (const [begin, end] of ranges(sizeOf(shape), PIECE)) yield files.readBytes(name, begin, end);
}

/** The first magnitude that each type rounds to infinity. */
const TOO_LARGE: Readonly<Record<WeightDtype, number>> = {
  F32: Infinity,
  F16: 65_520,
  BF16: (2 - 2 ** -8) * 2 ** 127,
};

function oddOf(values: Float32Array, dtype: WeightDtype): Omit<Odd, "tensor"> {
  const limit = TOO_LARGE[dtype];
  let [nan, infinite, overflowed] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]!);
    if (size < limit) continue;
    if (size === Infinity) infinite++;
    else if (size >= limit) overflowed++;
    else nan++;
  }
  return { nan, infinite, overflowed };
}

/** How many values of a folder's tensor are no finite numbers. */
export function oddValues(folder: MatchedFolder, tensor: string): Omit<Odd, "tensor"> {
  const counts = [...ranges(sizeOf(folder.shapes.get(tensor)!), PIECE)].map(([begin, end]) =>
    oddOf(folder.read(tensor, begin, end), "F32")
  );
  const sum = (key: "nan" | "infinite" | "overflowed") => counts.reduce((total, one) => total + one[key], 0);
  return { nan: sum("nan"), infinite: sum("infinite"), overflowed: sum("overflowed") };
}
