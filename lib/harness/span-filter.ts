// The filter `format_span`: named entities in an answer as `label: entity $ label: entity`.
import { findAll, pythonRegex } from "./python-regex.ts";
import { strip } from "./python-values.ts";

/** Names of labels, in the order in which they are replaced. */
const LABELS: readonly (readonly [name: string, label: string])[] = [
  ["person", "PER"],
  ["location", "LOC"],
  ["organization", "ORG"],
  ["counties", "LOC"],
  ["places", "LOC"],
  ["people", "PER"],
  ["persons", "PER"],
  ["company", "ORG"],
  ["country", "LOC"],
  ["continent", "LOC"],
  ["time", "DATE"],
  ["date", "DATE"],
  ["per", "PER"],
  ["loc", "LOC"],
  ["org", "ORG"],
];

/** The entities that an answer names. */
export function spansOf(answer: string): string {
  let text = answer.toLowerCase();
  for (const [name, label] of LABELS) text = text.replace(pythonRegex(`\\b${name}\\s*:`), `${label}:`);
  text = strip(text.replaceAll("$$", "$").replace(/\$+$/, "").replaceAll("\n", "$"));
  const found = findAll(pythonRegex("\\b(PER|LOC|ORG|DATE):\\s*([^$]+)"), text) as readonly (readonly string[])[];
  return found.flatMap(([label, values]) =>
    values!.split(",").map(strip).filter((one) => one !== "none").map((one) => `${label!.toLowerCase()}: ${one}`)
  ).join(" $ ");
}
