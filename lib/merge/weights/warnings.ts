// What the user should know about a finished merge, one sentence each.
import { isWeightDtype, type PlannedTensor, remoteCode, type WeightDtype } from "../../huggingface/mod.ts";
import type { Input } from "../inputs/input.ts";
import { readConfig } from "../inputs/tied.ts";
import type { NotFinite, TensorFindings } from "./merged-tensor.ts";

/** Facts about a merge that may deserve a warning. */
export interface MergeFacts {
  /** The folder whose configuration and tensor names the merge has. */
  readonly first: string;
  /** How the models' configurations disagree, if they do. */
  readonly mismatch: string | undefined;
  /** A stored head that contradicts `tie_word_embeddings`. */
  readonly head: string | undefined;
  readonly planned: readonly PlannedTensor[];
  readonly notFinite: readonly Omit<TensorFindings, "overflowed">[];
  readonly overflowed: number;
  /** The chosen type of the merged weights. */
  readonly dtype: WeightDtype | undefined;
}

/** The warnings for a merge. */
export function mergeWarnings(facts: MergeFacts): string[] {
  const { first, mismatch, head, planned, notFinite, overflowed, dtype } = facts;
  return [
    ...(mismatch === undefined ? [] : [`${mismatch}; the merged model has the configuration of "${first}"`]),
    ...(head === undefined ? [] : [untiedText(head, first)]),
    ...copiedTexts(planned),
    ...notFiniteTexts(notFinite),
    ...(overflowed === 0 ? [] : [overflowText(overflowed, dtype)]),
  ];
}

const count = (n: number, one: string, many = `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

function valuesText({ nan, infinite }: NotFinite): string {
  const parts = [
    ...(nan > 0 ? [count(nan, "NaN", "NaN")] : []),
    ...(infinite > 0 ? [count(infinite, "infinite value")] : []),
  ];
  return parts.join(" and ");
}

/** The warning for tokens that no model has. */
export function unknownText(tokens: readonly string[]): string[] {
  if (tokens.length === 0) return [];
  const named = tokens.slice(0, 3).map((token) => JSON.stringify(token)).join(", ");
  const more = tokens.length > 3 ? ", …" : "";
  return [`no model has an embedding for ${count(tokens.length, "token")} (${named}${more}): it is zero`];
}

/** A warning for code that the model's folder names and does not have. @param first whose files the merge keeps */
export async function codeWarnings({ name, folder }: Pick<Input, "name" | "folder">): Promise<string[]> {
  const { missing } = await remoteCode(folder);
  if (missing.length === 0) return [];
  const files = missing.map(({ file }) => file).join(", ");
  return [
    `${
      missing[0]!.neededBy
    } of "${name}" names ${files}, which the folder does not have: without it, the merged model ` +
    `loads only if transformers knows its model_type (${(await readConfig(folder)).model_type})`,
  ];
}

/** Number of tensors to name; the rest is counted. */
const NAMED = 10;

function notFiniteTexts(tensors: MergeFacts["notFinite"]): string[] {
  const texts = tensors.slice(0, NAMED).map(({ tensor, merged, sources }) => {
    const models = sources.map((source) => `${valuesText(source)} in "${source.folder}"`).join(", ") ||
      "none in any model";
    return `"${tensor}" has ${valuesText(merged) || "no NaN or infinite values"} in the merged model, ${models}`;
  });
  const more = tensors.length - NAMED;
  return more > 0 ? [...texts, `${count(more, "more tensor has", "more tensors have")} NaN or infinite values`] : texts;
}

/** Types of floating-point weights that cannot be merged. Integers are counters, which are meant to be copied. */
const isFloat = (dtype: string) => /^(F|C)\d/.test(dtype);

function copiedTexts(planned: readonly PlannedTensor[]): string[] {
  const copied = planned.filter(({ dtype }) => !isWeightDtype(dtype) && isFloat(dtype));
  if (copied.length === 0) return [];
  const { name, dtype } = copied[0]!;
  const others = copied.length === 1 ? "" : ` and ${count(copied.length - 1, "other tensor")}`;
  return [
    `"${name}" (${dtype})${others} cannot be merged and ${
      copied.length === 1 ? "was" : "were"
    } copied, equal in all models`,
  ];
}

function untiedText(head: string, folder: string): string {
  return `"${folder}/config.json" says tie_word_embeddings, but not every "${head}" equals the embeddings of its ` +
    `model: it is merged separately, and the merged config.json sets tie_word_embeddings to false`;
}

function overflowText(overflowed: number, dtype: WeightDtype | undefined): string {
  const wider = dtype === "F16" ? "bfloat16 or float32" : "float32";
  return `${count(overflowed, "value is", "values are")} too large for the type of the file and became infinite: ` +
    `use --dtype ${wider}`;
}
