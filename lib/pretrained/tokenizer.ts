// Whether two tokenizers give the same ids.
import { openTokenizer, type TokenizerJson } from "../data/mod.ts";
import { canonical } from "./json.ts";

/** Parts that do not change the ids of a text: versions, batches, and tokens that are added around a text. */
const WITHOUT_EFFECT: readonly string[] = ["version", "truncation", "padding", "post_processor", "decoder"];

/**
 * How a tokenizer differs from another: a clause, or undefined if both give the same ids.
 *
 * @param whose the other tokenizer: `the seed's`
 */
export function tokenizerDifference(json: TokenizerJson, other: TokenizerJson, whose: string): string | undefined {
  const [ours, theirs] = [partsOf(json), partsOf(other)];
  const parts = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].filter((part) =>
    ours[part] !== theirs[part]
  );
  if (parts.length === 0) return undefined;
  const [own, others] = [openTokenizer(json).vocabSize, openTokenizer(other).vocabSize];
  if (own !== others) return `its tokenizer has ${own} tokens, and ${whose} ${others}`;
  return `its tokenizer has the same number of tokens, ${own}, as ${whose}, but is another one (${parts.join(", ")})`;
}

/** The parts that decide the ids of a text, each as canonical JSON. */
function partsOf(json: TokenizerJson): Readonly<Record<string, string>> {
  const parts: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    if (WITHOUT_EFFECT.includes(name) || value === null) continue;
    if (name === "model") Object.assign(parts, modelParts(value as Readonly<Record<string, unknown>>));
    else parts[name] = canonical(value);
  }
  return parts;
}

/** The model's parts by name; merges are written in two ways. */
function modelParts(model: Readonly<Record<string, unknown>>): Record<string, string> {
  const parts: Record<string, string> = {};
  for (const [name, value] of Object.entries(model)) {
    if (value === null || value === false) continue;
    const merges = name === "merges" && Array.isArray(value);
    parts[`model.${name}`] = canonical(
      merges ? value.map((merge) => typeof merge === "string" ? merge.split(" ") : merge) : value,
    );
  }
  return parts;
}
