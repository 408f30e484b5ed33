// A model with a LoRA merged into it: weights that change are computed as they are read.
import { basename } from "node:path";
import { UserError } from "../../errors.ts";
import { isWeightDtype, type WeightFiles } from "../../huggingface/mod.ts";
import { type AdaptedModule, type Adapter, scaleOf } from "./adapter.ts";
import type { Input } from "./input.ts";
import { EMBEDDINGS, HEAD } from "./names.ts";
import { isTied } from "./tied.ts";

/** How a weight of the model changes. */
interface Change {
  /** Whose values it starts from: a weight of the model or of the adapter. */
  readonly from: { readonly files: WeightFiles; readonly name: string };
  readonly delta?: Delta;
  /** The lengths of the rows of a projection with DoRA. */
  readonly magnitude?: Float32Array;
}

/** `scale · left · right`, in the shape of the weight. */
interface Delta {
  /** `[rows, r]` */
  readonly left: Float32Array;
  /** `[r, columns]` */
  readonly right: Float32Array;
  readonly r: number;
  readonly columns: number;
  readonly scale: number;
  /** Whether the model stores the projection as `[in, out]`. */
  readonly isTransposed: boolean;
}

/** Elements that are read at once where all are needed. */
const PIECE = 1 << 20;

/**
 * The model with the adapter merged, as PEFT's `merge_and_unload()` merges it. The head of a tied model is untied if only
 * one of head and embeddings changes, so that the merged model computes what the adapter does.
 *
 * @throws UserError `merge.lora` if the adapter changes what the model does not have, or in other shapes
 */
export async function adapted(input: Input, name: string, adapter: Adapter): Promise<Input> {
  const { files } = input;
  try {
    const changes = await changesOf(input, adapter);
    const weights = new Map(files.weights);
    for (const [weight, { from }] of changes) {
      const { dtype } = files.weights.get(weight) ?? from.files.weights.get(from.name)!;
      weights.set(weight, { dtype, shape: from.files.weights.get(from.name)!.shape });
    }
    const readers = new Map(changes.entries().map(([weight, change]) => [weight, readerOf(change)]));
    const merged: WeightFiles = {
      ...files,
      folder: name,
      weights,
      read(weight, begin, end, into = new Float32Array(end - begin)) {
        const reader = readers.get(weight);
        return reader === undefined ? files.read(weight, begin, end, into) : reader(begin, end, into);
      },
      close() {
        files.close();
        adapter.files.close();
      },
    };
    return { ...input, name, files: merged, warnings: [...input.warnings, ...baseWarning(input, adapter)] };
  } catch (error) {
    adapter.files.close();
    throw error;
  }
}

async function changesOf(input: Input, adapter: Adapter): Promise<Map<string, Change>> {
  const { files } = input;
  const changes = new Map<string, Change>();
  const tied = await isTied(input.folder) === true;
  const embeddings = files.weights.keys().find((name) => EMBEDDINGS.test(name));
  /** The weight's own values; those of the embeddings for a tied head that is not stored. */
  const own = (weight: string): Change["from"] => {
    if (files.weights.has(weight)) return { files, name: weight };
    if (tied && HEAD.test(weight) && embeddings !== undefined) return { files, name: embeddings };
    throw unfit(input, adapter, `it changes "${weight}", which the model does not have`);
  };
  for (const [module, change] of adapter.modules) {
    for (const [part, stored] of Object.entries(change.replaced ?? {})) {
      const weight = `${module}.${part}`;
      const from = { files: adapter.files, name: stored };
      sameShape(input, adapter, weight, own(weight), from);
      changes.set(weight, { from });
    }
    if (change.addedBias !== undefined) {
      const weight = `${module}.bias`;
      const from = changes.get(weight)?.from ?? own(weight);
      sameShape(input, adapter, weight, from, { files: adapter.files, name: change.addedBias });
      const [left] = [valuesOf(adapter, change.addedBias)];
      const { scale } = scaleOf(adapter, module);
      const delta = { left, right: Float32Array.of(1), r: 1, columns: 1, scale, isTransposed: false };
      changes.set(weight, { from, delta });
    }
    if (change.a === undefined && change.b === undefined && change.magnitude === undefined) continue;
    const weight = `${module}.weight`;
    const from = changes.get(weight)?.from ?? own(weight);
    const delta = deltaOf(input, adapter, module, change, from);
    const magnitude = change.magnitude === undefined ? undefined : valuesOf(adapter, change.magnitude);
    changes.set(weight, { from, delta, ...(magnitude === undefined ? {} : { magnitude }) });
  }
  for (const [weight, { from }] of changes) {
    for (
      const { dtype } of [files.weights.get(weight), from.files.weights.get(from.name)].flatMap((one) => one ?? [])
    ) {
      if (!isWeightDtype(dtype)) throw unfit(input, adapter, `it changes "${weight}", whose type is ${dtype}`);
    }
  }
  // Without a copy of its own, a tied head would change with the embeddings.
  const stored = [...files.weights.keys(), ...changes.keys()].some((name) => HEAD.test(name));
  const isChanged = embeddings !== undefined && changes.has(embeddings);
  if (tied && isChanged && !stored && adapter.config.ensure_weight_tying !== true) {
    changes.set("lm_head.weight", { from: { files, name: embeddings } });
  }
  return changes;
}

function deltaOf(
  input: Input,
  adapter: Adapter,
  module: string,
  { a, b, isEmbedding, magnitude }: AdaptedModule,
  from: Change["from"],
): Delta {
  const wrong = (what: string) => unfit(input, adapter, what);
  if (a === undefined || b === undefined) throw wrong(`"${module}" lacks ${a === undefined ? "lora_A" : "lora_B"}`);
  const { weights } = adapter.files;
  const [shapeA, shapeB] = [weights.get(a)!.shape, weights.get(b)!.shape];
  const { shape } = from.files.weights.get(from.name)!;
  const { r, scale } = scaleOf(adapter, module);
  if (shapeA.length !== 2 || shapeB.length !== 2 || shapeA[0] !== r || shapeB[1] !== r) {
    throw wrong(
      `"${module}" has lora_A [${shapeA}] and lora_B [${shapeB}], but its rank is ${r} in adapter_config.json`,
    );
  }
  if (isEmbedding === true && magnitude !== undefined) throw wrong(`"${module}" is an embedding with DoRA`);
  const [[rows, columns], [outputs, inputs]] = [shape as [number, number], [shapeB[0]!, shapeA[1]!]];
  const fits = shape.length === 2 && rows === outputs && columns === inputs;
  const fitsBack = shape.length === 2 && rows === inputs && columns === outputs;
  if (!fits && !fitsBack || isEmbedding === true && !fitsBack) {
    throw wrong(`it changes "${module}.weight" as [${[outputs, inputs]}], which is [${shape}] in the model`);
  }
  // A projection may be stored as [in, out], as in GPT-2; the setting decides where the shapes cannot.
  const isTransposed = isEmbedding === true || !fits ||
    (fitsBack && adapter.config.fan_in_fan_out === true && !HEAD.test(`${module}.weight`));
  const [valuesA, valuesB] = [valuesOf(adapter, a), valuesOf(adapter, b)];
  return isTransposed
    ? { left: transposed(valuesA, r), right: transposed(valuesB, outputs), r, columns, scale, isTransposed }
    : { left: valuesB, right: valuesA, r, columns, scale, isTransposed };
}

function valuesOf({ files, name }: Adapter, tensor: string): Float32Array {
  const { dtype, shape } = files.weights.get(tensor)!;
  if (isWeightDtype(dtype)) return files.read(tensor, 0, sizeOf(shape));
  throw new UserError(
    "merge.lora",
    `Cannot merge "${name}": the type of its "${tensor}" is ${dtype}`,
    "Save the adapter in float32, float16 or bfloat16",
  );
}

/** `[rows, columns]` as `[columns, rows]`. */
function transposed(values: Float32Array, rows: number): Float32Array {
  const columns = values.length / rows;
  return values.map((_, at) => values[(at % rows) * columns + Math.floor(at / rows)]!);
}

type Reader = (begin: number, end: number, into: Float32Array) => Float32Array;

function readerOf({ from: { files, name }, delta, magnitude }: Change): Reader {
  if (delta === undefined) return (begin, end, into) => files.read(name, begin, end, into);
  const added: Reader = (begin, end, into) => addDelta(delta, begin, files.read(name, begin, end, into));
  if (magnitude === undefined) return added;
  const { shape } = files.weights.get(name)!;
  let factors: Float64Array | undefined;
  return (begin, end, into) => {
    factors ??= doraFactors(added, shape, delta, magnitude);
    added(begin, end, into);
    for (let i = 0; i < into.length; i++) into[i]! *= factors[outputOf(begin + i, delta)]!;
    return into;
  };
}

/** The output that an element of a projection belongs to. */
function outputOf(at: number, { columns, isTransposed }: Delta): number {
  return isTransposed ? at % columns : Math.floor(at / columns);
}

/** Adds the elements of `scale · left · right` from `begin` on. */
function addDelta({ left, right, r, columns, scale }: Delta, begin: number, values: Float32Array): Float32Array {
  const sums = new Float64Array(columns);
  for (let at = begin; at < begin + values.length;) {
    const [row, first] = [Math.floor(at / columns), at % columns];
    const last = Math.min(columns, first + begin + values.length - at);
    sums.fill(0);
    for (let k = 0; k < r; k++) {
      const factor = left[row * r + k]!;
      const line = k * columns;
      for (let j = first; j < last; j++) sums[j]! += factor * right[line + j]!;
    }
    for (let j = first; j < last; j++) values[at - begin + j - first]! += scale * sums[j]!;
    at += last - first;
  }
  return values;
}

/** DoRA's factor of each output: its magnitude over the length of its weights (equation 5). */
function doraFactors(read: Reader, shape: readonly number[], delta: Delta, magnitude: Float32Array): Float64Array {
  const squares = new Float64Array(magnitude.length);
  const size = sizeOf(shape);
  const scratch = new Float32Array(Math.min(PIECE, size));
  for (let begin = 0; begin < size; begin += PIECE) {
    const end = Math.min(size, begin + PIECE);
    const values = read(begin, end, scratch.subarray(0, end - begin));
    for (let i = 0; i < values.length; i++) squares[outputOf(begin + i, delta)]! += values[i]! ** 2;
  }
  return squares.map((square, i) => magnitude[i]! / Math.sqrt(square));
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

function sameShape(
  input: Input,
  adapter: Adapter,
  weight: string,
  a: Change["from"],
  b: Change["from"],
): void {
  const [one, other] = [a, b].map(({ files, name }) => files.weights.get(name)!.shape);
  if (String(one) === String(other)) return;
  throw unfit(input, adapter, `it changes "${weight}" as [${other}], which is [${one}] in the model`);
}

function unfit(input: Input, { name, config }: Adapter, what: string): UserError {
  const trained = config.base_model_name_or_path;
  return new UserError(
    "merge.lora",
    `Cannot merge the LoRA "${name}" into "${input.name}": ${what}`,
    typeof trained === "string" && trained !== "" ? `It was trained on ${trained}` : "Give the model it was trained on",
  );
}

/** A warning if the adapter names another model than the one it is merged into. */
function baseWarning(input: Input, { name, config }: Adapter): string[] {
  const trained = config.base_model_name_or_path;
  if (typeof trained !== "string" || trained === "") return [];
  const wanted = basename(trained.replace(/\/+$/, "")).toLowerCase();
  const inCache = `models--${trained.replaceAll("/", "--")}`.toLowerCase();
  const given = [input.name, input.folder].map((path) => path.toLowerCase());
  const named = given.some((path) => path.includes(inCache) || basename(path).replace(/\.gguf$/, "") === wanted);
  return named
    ? []
    : [`the LoRA "${name}" says that it was trained on "${trained}", and is merged into "${input.name}"`];
}
