// Reads a mergekit configuration: which models to merge, how, and with which parameters.
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { systemReason, UserError } from "../../errors.ts";
import { TORCH_DTYPES, type WeightDtype } from "../../huggingface/mod.ts";
import type { LayerRange } from "../weights/layers.ts";
import type { WeightMethod } from "../weights/method.ts";
import { WEIGHT_METHODS } from "../weights/methods.ts";
import type { TokenizerRequest } from "../vocabulary/request.ts";
import { expectedNumber } from "../weights/options.ts";
import { type ParameterKind, parametersOf } from "./parameters.ts";
import { readTokenizer } from "./read-tokenizer.ts";
import { choice, entriesOf, type Entry, listOf, offsetOf, type Reader, textOf } from "./reader.ts";
import type { Conditional, Parameters, Scalar, ScalarOrGradient, Setting } from "./setting.ts";

/** A model in a configuration, or some of its layers. */
export interface RecipeSource {
  readonly model: string;
  readonly layers: LayerRange | undefined;
  readonly parameters: Parameters;
  /** Where it stands, for messages: `merge.yml:7`. */
  readonly where: string;
}

/** Models that are merged with each other. */
export interface RecipeSlice {
  /** Its own `base_model`. */
  readonly base: string | undefined;
  readonly sources: readonly RecipeSource[];
  readonly parameters: Parameters;
  /** Where it stands, for messages: `merge.yml:7`. */
  readonly where: string;
}

/** A mergekit configuration. */
export interface Recipe {
  /** Of the file. */
  readonly path: string;
  readonly method: WeightMethod;
  readonly base: string | undefined;
  /** Whole models, which may include the base, or slices of models that follow each other. */
  readonly slices: readonly RecipeSlice[];
  readonly parameters: Parameters;
  readonly dtype: WeightDtype | undefined;
  readonly tokenizer: TokenizerRequest | undefined;
  readonly chatTemplate: string | undefined;
}

const KEYS = [
  "merge_method",
  "models",
  "slices",
  "base_model",
  "parameters",
  "dtype",
  "out_dtype",
  "tokenizer_source",
  "tokenizer",
  "chat_template",
];
/** What mergekit reads and this does not. */
const UNSUPPORTED = ["modules"];
const ONLY_IN_MERGEKIT = ["arcee_fusion", "multislerp", "nearswap", "ram", "ramplus_tl"];

const SOURCES = "sources: [{model: a, layer_range: [0, 16]}]";
const EXAMPLES = { number: "0.5", boolean: "true" } as const;

/** Reads a file. @throws UserError `merge.config` with file and line */
export async function readRecipe(path: string): Promise<Recipe> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "there is no such file" : systemReason(error);
    if (why === undefined) throw error;
    throw new UserError("merge.config", `Cannot read ${path}: ${why}`, "give the path of a mergekit YAML file");
  }
  return parseRecipe(text, path);
}

/**
 * Parses a configuration.
 *
 * @param path for messages
 * @throws UserError `merge.config` with file and line: malformed YAML, unknown keys, methods and parameters, wrong types
 */
export function parseRecipe(text: string, path: string): Recipe {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const line = (offset: number) => lines.linePos(offset).line;
  const where = (offset: number) => `${path}:${line(offset)}`;
  const wrong = (offset: number, message: string, hint: string) =>
    new UserError("merge.config", `${where(offset)}: ${message}`, hint);
  const [malformed] = document.errors;
  if (malformed !== undefined) throw wrong(malformed.pos[0], malformed.message, "the file must be sound YAML");
  const reader = { where, wrong };
  const top = entriesOf(reader, document.contents, "the configuration", KEYS, UNSUPPORTED);
  const method = methodOf(reader, top.get("merge_method"));
  const slices = readSlices(reader, top, method);
  const chat = top.get("chat_template");
  const dtypes = ["dtype", "out_dtype"].map((name) => {
    const entry = top.get(name);
    return entry === undefined ? undefined : choice(reader, entry, name, Object.values(TORCH_DTYPES));
  });
  const dtype = dtypes[1] ?? dtypes[0];
  const base = top.get("base_model");
  return {
    path,
    method,
    base: base === undefined ? undefined : textOf(reader, base, "base_model"),
    slices,
    parameters: readParameters(reader, top.get("parameters"), method),
    tokenizer: readTokenizer(reader, top),
    chatTemplate: chat === undefined ? undefined : textOf(reader, chat, "chat_template", "auto or a template", "auto"),
    dtype: (Object.keys(TORCH_DTYPES) as WeightDtype[]).find((one) => TORCH_DTYPES[one] === dtype),
  };
}

/** `slices`, or `models` as the one slice of whole models. */
function readSlices(reader: Reader, top: ReadonlyMap<string, Entry>, method: WeightMethod): RecipeSlice[] {
  const [models, slices] = [top.get("models"), top.get("slices")];
  if (models !== undefined && slices !== undefined) {
    throw reader.wrong(
      slices.offset,
      '"slices" and "models" exclude each other',
      "merge whole models with models, layers of them with slices",
    );
  }
  if (slices === undefined) {
    if (models === undefined) {
      throw reader.wrong(
        0,
        'there is neither "models" nor "slices"',
        "list the models to merge, as in models: [{model: a}]",
      );
    }
    const sources = listOf(reader, models, "models", "models").map((item) => readSource(reader, item, method, false));
    return [{ base: undefined, sources, parameters: {}, where: reader.where(models.offset) }];
  }
  return listOf(reader, slices, "slices", "slices").map((item) => {
    const entries = entriesOf(reader, item, "a slice", ["sources", "base_model", "parameters"], ["residual_weight"]);
    const sources = entries.get("sources");
    if (sources === undefined) {
      throw reader.wrong(offsetOf(item), 'a slice has no "sources"', `list models and layers, as in ${SOURCES}`);
    }
    const base = entries.get("base_model");
    return {
      base: base === undefined ? undefined : textOf(reader, base, "base_model"),
      sources: listOf(reader, sources, "sources", "models").map((item) => readSource(reader, item, method, true)),
      parameters: readParameters(reader, entries.get("parameters"), method),
      where: reader.where(offsetOf(item)),
    };
  });
}

function readSource(reader: Reader, item: unknown, method: WeightMethod, sliced: boolean): RecipeSource {
  const keys = sliced ? ["model", "layer_range", "parameters"] : ["model", "parameters"];
  const entries = entriesOf(reader, item, sliced ? "a source" : "a model", keys, []);
  const at = { value: null, offset: offsetOf(item) };
  return {
    model: textOf(reader, entries.get("model") ?? at, "model"),
    layers: sliced ? readLayers(reader, entries.get("layer_range") ?? at) : undefined,
    parameters: readParameters(reader, entries.get("parameters"), method, true),
    where: reader.where(at.offset),
  };
}

function readLayers({ wrong }: Reader, { value, offset }: Entry): LayerRange {
  const range = isSeq(value) ? value.items.map((item) => isScalar(item) ? item.value : undefined) : [];
  const [begin, end] = range as number[];
  if (range.length === 2 && range.every(Number.isInteger) && begin! >= 0 && begin! < end!) return [begin!, end!];
  throw wrong(
    offset,
    'expected "layer_range" with the first layer, from 0, and the last plus 1',
    "write it as in layer_range: [0, 16], which are 16 layers",
  );
}

function methodOf(reader: Reader, entry: Entry | undefined): WeightMethod {
  if (entry === undefined) {
    const names = WEIGHT_METHODS.map(({ name }) => name).join(", ");
    throw reader.wrong(0, 'there is no "merge_method"', `add merge_method with one of ${names}`);
  }
  const text = isScalar(entry.value) ? String(entry.value.value) : "";
  if (ONLY_IN_MERGEKIT.includes(text)) {
    throw reader.wrong(entry.offset, `the method "${text}" is not supported`, "mergekit itself merges by it");
  }
  const name = choice(reader, entry, "merge_method", WEIGHT_METHODS.map(({ name }) => name));
  return WEIGHT_METHODS.find((method) => method.name === name)!;
}

function readParameters(
  reader: Reader,
  entry: Entry | undefined,
  method: WeightMethod,
  ofModel = false,
): Parameters {
  if (entry === undefined) return {};
  const { wrong } = reader;
  const kinds = parametersOf(method);
  // `int8_mask` saves mergekit memory and changes nothing.
  const names = [...Object.keys(kinds), "int8_mask"];
  const read: Record<string, Setting> = {};
  for (const [name, value] of entriesOf(reader, entry.value, `the parameters of ${method.name}`, names, [])) {
    const kind = kinds[name];
    if (kind === undefined) continue;
    if (ofModel && !kind.perModel) {
      throw wrong(value.offset, `"${name}" applies to all models`, 'move it to "parameters" at the end of the file');
    }
    read[name] = settingOf(reader, value, name, kind);
  }
  return read;
}

function settingOf(reader: Reader, { value, offset }: Entry, name: string, kind: ParameterKind): Setting {
  const items = isSeq(value) ? value.items : [value];
  if (items.length === 0 || !items.some(isMap)) {
    return { kind: "plain", value: gradientOf(reader, value, offset, name, kind) };
  }
  const values = items.map((item): Conditional => {
    const entries = entriesOf(reader, item, `a value of "${name}"`, ["value", "filter"], []);
    const own = entries.get("value");
    if (own === undefined) {
      throw reader.wrong(
        offsetOf(item),
        `a value of "${name}" has no "value"`,
        "write it as in {filter: mlp, value: 0.5}; without a filter it is for all other tensors",
      );
    }
    const filter = entries.get("filter");
    const text = filter === undefined || !isScalar(filter.value) ? undefined : String(filter.value.value);
    return { value: gradientOf(reader, own.value, own.offset, name, kind), filter: text };
  });
  return { kind: "filtered", values };
}

function gradientOf(
  { wrong }: Reader,
  node: unknown,
  offset: number,
  name: string,
  { type, option }: ParameterKind,
): ScalarOrGradient {
  const hint =
    `write it as in ${name}: ${EXAMPLES[type]}, a list of such values from the first layer to the last, or ` +
    `{filter: mlp, value: ${EXAMPLES[type]}}`;
  const scalar = (item: unknown): Scalar => {
    const value = isScalar(item) ? item.value : undefined;
    const read = type === "number" ? asNumber(value) : asBoolean(value);
    const expected = read === undefined
      ? `a ${type}, a list of them, or values with filters`
      : typeof read === "number"
      ? expectedNumber(option, read)
      : undefined;
    if (read !== undefined && expected === undefined) return read;
    const found = isScalar(item) ? JSON.stringify(value) : "not a scalar";
    throw wrong(offset, `"${name}" is ${found}: expected ${expected}`, hint);
  };
  if (!isSeq(node)) return scalar(node);
  if (node.items.length === 0) throw wrong(offset, `"${name}" is an empty list`, hint);
  return node.items.map(scalar);
}

/** A number, also as text, which YAML 1.1 makes of 1e-5. */
function asNumber(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : undefined;
}

/** A boolean, also as 0 or 1 or in the words of YAML 1.1. */
function asBoolean(value: unknown): boolean | undefined {
  const text = String(value).toLowerCase();
  if (["true", "yes", "on", "1"].includes(text)) return true;
  return ["false", "no", "off", "0"].includes(text) ? false : undefined;
}
