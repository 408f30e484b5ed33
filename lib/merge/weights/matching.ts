// Matches the tensors of several model folders by name and shape, allowing for tied weights that only some store twice.
import { UserError } from "../../errors.ts";
import { isWeightDtype, WEIGHT_DTYPES, type WeightFiles } from "../../huggingface/mod.ts";
import type { Input } from "../inputs/input.ts";
import { EMBEDDINGS, HEAD } from "../inputs/names.ts";
import { isTied } from "../inputs/tied.ts";
import { hasTokenRows } from "../vocabulary/align.ts";
import { isSame, type NamedTensors } from "./shared.ts";
import { ranges, sizeOf } from "./source.ts";

/** A model whose weights are read under the first model's names. */
export interface MatchedFolder extends NamedTensors {
  readonly input: Input;
  /** The name of a weight in the model itself. */
  readonly nameIn: (name: string) => string;
  /** Like {@linkcode WeightFiles.read}. */
  read(name: string, begin: number, end: number, into?: Float32Array): Float32Array;
}

/**
 * Matches the folders' tensors, which must have equal names and shapes. An exception is a tensor that only some folders
 * store and that is a copy of another tensor there (the head of a tied model): the other folders read the original. Where
 * some model has a head of its own, tied models read their embeddings.
 *
 * @param hasFreeRows whether the number of rows of a tensor may differ
 * @throws UserError `merge.shape` or `merge.dtype` naming the tensor and the folders
 */
export async function matchFolders(
  inputs: readonly Input[],
  hasFreeRows: (name: string) => boolean = () => false,
): Promise<readonly MatchedFolder[]> {
  const isAlike = (name: string, a: readonly number[], b: readonly number[]) =>
    hasFreeRows(name) ? String(a.slice(1)) === String(b.slice(1)) : String(a) === String(b);
  const folders = inputs.map(({ files }) => files);
  const [first, ...others] = folders as [WeightFiles, ...WeightFiles[]];
  const copies = folders.map(() => new Map<string, string>());
  const names = new Set(first.weights.keys());
  for (const other of others) {
    for (const [a, b] of [[first, other], [other, first]] as const) {
      for (const [name, { shape }] of a.weights) {
        const found = b.weights.get(name);
        if (found !== undefined && isAlike(name, found.shape, shape)) continue;
        const copied = found === undefined ? await copiedTensor(name, inputs) : undefined;
        const at = folders.indexOf(b);
        const original = copied ??
          (found === undefined ? await tiedHead(name, (other) => isAlike(name, other, shape), inputs[at]!) : undefined);
        if (original === undefined) throw shapeError(name, a, b);
        copies[at]!.set(name, original);
        // A head that is a matrix of its own in some model.
        if (copied === undefined) names.add(name);
      }
    }
  }
  checkDtypes(folders, copies, names);
  return inputs.map((input, i) => {
    const { files } = input;
    const nameIn = (name: string) => copies[i]!.get(name) ?? name;
    return {
      input,
      nameIn,
      shapes: new Map([...names].map((name) => [name, files.weights.get(nameIn(name))!.shape])),
      read: (name, begin, end, into) => files.read(nameIn(name), begin, end, into),
    };
  });
}

/** The tensor in all folders that `name` is a copy of in every folder that stores it. */
async function copiedTensor(name: string, inputs: readonly Input[]): Promise<string | undefined> {
  for (const { folder, files } of inputs) {
    // An untied model without its head is damaged.
    if (!files.weights.has(name) && await isTied(folder) === false) return undefined;
  }
  const folders = inputs.map(({ files }) => files);
  const storing = folders.filter(({ weights }) => weights.has(name)).map(tensorsOf);
  const isWeight = ({ weights }: WeightFiles, tensor: string) => {
    const dtype = weights.get(tensor)?.dtype;
    return dtype !== undefined && isWeightDtype(dtype);
  };
  const candidates = storing[0]!.shapes.keys().filter((other) => other !== name)
    .filter((other) => folders.every((folder) => isWeight(folder, other)));
  return candidates.find((other) => storing.every((tensors) => isSame(tensors, name, other)));
}

/** The embeddings of a tied model that does not store its head; undefined for other tensors and models. */
async function tiedHead(
  name: string,
  isAlike: (shape: readonly number[]) => boolean,
  { folder, files }: Input,
): Promise<string | undefined> {
  if (!HEAD.test(name) || await isTied(folder) !== true) return undefined;
  return files.weights.keys().find((other) => EMBEDDINGS.test(other) && isAlike(files.weights.get(other)!.shape));
}

function tensorsOf(files: WeightFiles): NamedTensors {
  return {
    shapes: new Map(
      [...files.weights].filter(([, { dtype }]) => isWeightDtype(dtype)).map(([n, { shape }]) => [n, shape]),
    ),
    read: files.read,
  };
}

function shapeError(name: string, a: WeightFiles, b: WeightFiles): UserError {
  const [one, other] = [a.weights.get(name)!.shape, b.weights.get(name)?.shape];
  return new UserError(
    "merge.shape",
    `Cannot merge "${name}": it is [${one}] in "${a.folder}" and ${other === undefined ? "missing" : `[${other}]`} ` +
      `in "${b.folder}"`,
    hasTokenRows(name) && other !== undefined && String(one.slice(1)) === String(other.slice(1))
      ? "The models have vocabularies of different sizes; --tokenizer-source union (or base) aligns them"
      : "Only models of one shape can be merged weight by weight",
  );
}

/** Checks that tensors have types that can be merged; others, such as counters, must be equal in all folders. */
function checkDtypes(
  folders: readonly WeightFiles[],
  copies: readonly ReadonlyMap<string, string>[],
  names: ReadonlySet<string>,
): void {
  const [first] = folders as [WeightFiles];
  const isWeight = (i: number, name: string) => {
    return isWeightDtype(folders[i]!.weights.get(copies[i]!.get(name) ?? name)!.dtype);
  };
  for (const name of names) {
    for (const [i, other] of folders.entries()) {
      if (isWeight(0, name) && isWeight(i, name)) continue;
      const dtypes = [first, other].map(({ weights }) => weights.get(name)!.dtype);
      if (dtypes[0] === dtypes[1] && isSameBytes(name, first, other)) continue;
      const types = [...new Set(dtypes)].join(" and ");
      throw new UserError(
        "merge.dtype",
        `Cannot merge "${name}" of "${first.folder}" and "${other.folder}": its type is ${types}, but only ` +
          `${WEIGHT_DTYPES.join(", ")} can be merged, and tensors of other types must be equal`,
        "Convert the models first: in Python, load them with dtype=torch.bfloat16 and save them with save_pretrained()",
      );
    }
  }
}

function isSameBytes(name: string, a: WeightFiles, b: WeightFiles): boolean {
  if (a === b) return true;
  for (const [begin, end] of ranges(sizeOf(a.weights.get(name)!.shape), 1 << 20)) {
    const [x, y] = [a.readBytes(name, begin, end), b.readBytes(name, begin, end)];
    if (x.some((byte, i) => byte !== y[i])) return false;
  }
  return true;
}
