// Reads the weights of a model folder range by range, for models larger than memory.
import { UserError } from "../errors.ts";
import { decodeWeights, type Dtype, DTYPE_BYTES, dtypeError, isWeightDtype } from "./dtypes.ts";
import { exists, openForReading, readingError } from "./files.ts";
import { safetensorsError } from "./header.ts";
import { readHeader } from "./safetensors.ts";
import { notWhereItSays, readShardIndex } from "./shard-index.ts";

/** The open files of a model folder. */
export interface WeightFiles {
  readonly folder: string;
  readonly weights: ReadonlyMap<string, { readonly dtype: Dtype; readonly shape: readonly number[] }>;
  /**
   * Reads elements `begin` to `end` (exclusive) of a weight as float32, exactly; its type must be F32, F16 or BF16.
   *
   * @param into where to put the values, of that length; a new array by default
   */
  read(name: string, begin: number, end: number, into?: Float32Array): Float32Array;
  /**
   * The bytes of elements `begin` to `end` (exclusive) as stored, for any type.
   *
   * @param into where to put them; a new array by default
   */
  readBytes(name: string, begin: number, end: number, into?: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
  close(): void;
}

interface Place {
  readonly path: string;
  readonly file: Deno.FsFile;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Position of its first byte in the file. */
  readonly start: number;
}

/**
 * Opens `model.safetensors`, or the shards named by `model.safetensors.index.json`, and reads only the headers. Leaves out
 * the rotary embedding's tables, which older versions stored.
 *
 * @param stem of the files' names, `adapter_model` for the weights of an adapter
 * @throws UserError naming the file and the problem
 */
export async function openWeightFiles(folder: string, stem = "model"): Promise<WeightFiles> {
  const single = `${folder}/${stem}.safetensors`;
  const index = `${single}.index.json`;
  const files: Deno.FsFile[] = [];
  const close = () => files.splice(0).forEach((file) => file.close());
  const weights = new Map<string, Place>();
  const addFile = async (path: string, wanted: (name: string) => boolean): Promise<void> => {
    const { file, bytes } = await openForReading(path);
    files.push(file);
    const { tensors, dataStart } = await readHeader(path, file, bytes);
    for (const [name, { dtype, shape, begin }] of tensors) {
      if (wanted(name)) weights.set(name, { path, file, dtype, shape, start: dataStart + begin });
    }
  };
  try {
    if (await exists(single)) await addFile(single, () => true);
    else if (await exists(index)) {
      const places = await readShardIndex(index);
      for (const shard of new Set(places.values())) {
        await addFile(`${folder}/${shard}`, (name) => places.get(name) === shard);
      }
      for (const [name, shard] of places) if (!weights.has(name)) throw notWhereItSays(index, name, shard);
    } else throw await noWeights(folder, stem);
  } catch (error) {
    close();
    throw error;
  }
  for (const name of weights.keys()) if (name.endsWith(".rotary_emb.inv_freq")) weights.delete(name);
  return { folder, weights, close, ...readers(weights) };
}

function readSync(path: string, file: Deno.FsFile, from: number, into: Uint8Array): number | null {
  try {
    file.seekSync(from, Deno.SeekMode.Start);
    return file.readSync(into);
  } catch (error) {
    throw readingError(path, error);
  }
}

function readers(weights: ReadonlyMap<string, Place>): Pick<WeightFiles, "read" | "readBytes"> {
  const fill = (name: string, begin: number, bytes: Uint8Array): void => {
    const { path, file, dtype, start } = weights.get(name)!;
    for (let got = 0; got < bytes.length;) {
      const count = readSync(path, file, start + begin * DTYPE_BYTES[dtype] + got, bytes.subarray(got));
      if (count === null) {
        throw safetensorsError(path, "shrank", `it became shorter while tensor ${JSON.stringify(name)} was read`);
      }
      got += count;
    }
  };
  let scratch = new Uint8Array(0);
  return {
    readBytes(name, begin, end, bytes = new Uint8Array((end - begin) * DTYPE_BYTES[weights.get(name)!.dtype])) {
      fill(name, begin, bytes);
      return bytes;
    },
    read(name, begin, end, into = new Float32Array(end - begin)) {
      const { path, dtype } = weights.get(name)!;
      if (!isWeightDtype(dtype)) throw dtypeError(path, name, dtype);
      const length = (end - begin) * DTYPE_BYTES[dtype];
      if (scratch.length < length) scratch = new Uint8Array(length);
      const bytes = scratch.subarray(0, length);
      fill(name, begin, bytes);
      decodeWeights(dtype, bytes, into);
      return into;
    },
  };
}

async function noWeights(folder: string, stem: string): Promise<UserError> {
  const what = !await exists(folder)
    ? `there is no folder "${folder}"`
    : `"${folder}" has neither ${stem}.safetensors nor ${stem}.safetensors.index.json`;
  return new UserError(
    "model.no-weights",
    `Cannot read the model: ${what}`,
    "Give a Hugging Face folder with safetensors weights, such as a cell folder that deno task show prints",
  );
}
