// What a tokenizer.json does to a text before the model, as functions; what we do not do exactly is named.
import { UserError } from "../../errors.ts";
import { between, translatePattern } from "./pattern.ts";
import { NUMERIC, toNfc } from "./unicode.ts";

/** A part of a tokenizer.json that has a type. */
export type Step = Readonly<Record<string, unknown>> & { readonly type: string };

/** How a text becomes pretokens. */
export interface Recipe {
  readonly normalize: (text: string) => string;
  /** @param first whether the part is the beginning of the whole text */
  readonly split: (part: string, first: boolean) => readonly string[];
  /** Whether pretokens are spelled in bytes. */
  readonly byteLevel: boolean;
}

/** Something that our encoder does not do exactly as Python's. */
export class Unsupported extends Error {}

/** @throws Unsupported naming what our encoder does not do */
export function recipeOf(normalizer: unknown, preTokenizer: unknown): Recipe {
  const steps = flatten(preTokenizer, "pretokenizers");
  const byteLevel = steps.at(-1)?.type === "ByteLevel";
  const normalizers = flatten(normalizer, "normalizers");
  const splitters = steps.map((step, i) => splitter(step, i === 0, i === steps.length - 1));
  const first = steps[0];
  if (first?.["prepend_scheme"] === "first" && normalizers.some(({ type }) => type !== "NFC" && type !== "Replace")) {
    throw new Unsupported("the pre-tokenizer Metaspace after a normalizer that changes where the text begins");
  }
  return {
    normalize: normalizerOf(normalizer),
    split: (part, first) =>
      splitters.reduce<readonly string[]>(
        (parts, split) => parts.length === 1 ? split(parts[0]!, first) : parts.flatMap((one) => split(one, first)),
        part === "" ? [] : [part],
      ),
    byteLevel,
  };
}

/** The steps of a step, which may be a sequence. */
export function flatten(step: unknown, key: string): readonly Step[] {
  if (step === null || step === undefined) return [];
  const { type } = step as Step;
  if (type !== "Sequence") return [step as Step];
  return ((step as Step)[key] as unknown[]).flatMap((one) => flatten(one, key));
}

/** @throws Unsupported naming a normalizer that is not known here */
export function normalizerOf(normalizer: unknown): (text: string) => string {
  return flatten(normalizer, "normalizers").map(normalizerStep).reduce<(text: string) => string>(
    (before, next) => (text) => next(before(text)),
    (text) => text,
  );
}

function normalizerStep(step: Step): (text: string) => string {
  const { type } = step;
  if (type === "NFC") return toNfc;
  if (type === "Prepend") return (text) => text === "" ? "" : String(step["prepend"]) + text;
  const found = type === "Replace" ? stringPattern(step) : undefined;
  if (found !== undefined) return (text) => text.replaceAll(found, () => String(step["content"]));
  throw new Unsupported(`the normalizer ${described(step)}`);
}

/** The text that a step looks for; undefined for an expression. */
export function stringPattern(step: Step): string | undefined {
  const { String: text } = (step["pattern"] ?? {}) as { readonly String?: unknown };
  return typeof text === "string" && text !== "" ? text : undefined;
}

/** GPT-2's way to split, which `ByteLevel` has built in. */
const GPT_2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

type Splitter = (part: string, first: boolean) => readonly string[];

function splitter(step: Step, isFirst: boolean, isLast: boolean): Splitter {
  switch (step.type) {
    case "Split": {
      const { Regex } = (step["pattern"] ?? {}) as { readonly Regex?: unknown };
      const pattern = typeof Regex === "string" ? translatePattern(Regex) : undefined;
      if (pattern === undefined) break;
      if (step["behavior"] === "Isolated") return matches(`${pattern}|${between(pattern)}`);
      if (step["behavior"] === "Removed" && step["invert"] === true) return matches(pattern);
      break;
    }
    case "Digits":
      return step["individual_digits"] === true
        ? matches(`${NUMERIC}|${between(NUMERIC)}`)
        : matches(`${NUMERIC}+|${between(NUMERIC)}`);
    case "ByteLevel": {
      if (!isLast) break;
      const split = step["use_regex"] === false ? (part: string) => [part] : matches(translatePattern(GPT_2)!);
      if (step["add_prefix_space"] === false) return split;
      return (part, first) => split(part.startsWith(" ") ? part : ` ${part}`, first);
    }
    case "Metaspace":
      if (!isFirst) break;
      return metaspace(step);
  }
  throw new Unsupported(`the pre-tokenizer ${described(step)}`);
}

function matches(pattern: string): Splitter {
  const compiled = new RegExp(pattern, "gv");
  return (part) => {
    try {
      return part.match(compiled) ?? [];
    } catch (error) {
      // Expressions keep a place to go back to for each character of a word.
      if (!(error instanceof RangeError)) throw error;
      throw new UserError(
        "tokenizer.text",
        "The text has a word of millions of characters, which cannot be split into tokens",
        "put spaces or line ends into it",
      );
    }
  };
}

function metaspace(step: Step): Splitter {
  const mark = String(step["replacement"] ?? "▁");
  const scheme = step["prepend_scheme"] ?? (step["add_prefix_space"] === false ? "never" : "always");
  const isWhole = step["split"] === false;
  return (part, first) => {
    let text = part.replaceAll(" ", mark);
    if ((scheme === "always" || (scheme === "first" && first)) && !text.startsWith(mark)) text = mark + text;
    if (isWhole) return [text];
    const starts = text.split(mark);
    return starts.flatMap((one, i) => i > 0 ? [mark + one] : one === "" ? [] : [one]);
  };
}

/** The type of a step, and the expression that it uses. */
function described(step: Step): string {
  const { pattern, behavior } = step;
  const details = [pattern === undefined ? [] : [JSON.stringify(pattern)], behavior === undefined ? [] : [behavior]]
    .flat();
  return details.length === 0 ? step.type : `${step.type} (${details.join(", ")})`;
}
