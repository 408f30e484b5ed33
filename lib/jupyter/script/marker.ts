// The line that begins a cell, `// %% a title [markdown] key=value …`, as jupytext's percent format has it.
// https://jupytext.readthedocs.io/en/latest/formats-scripts.html#the-percent-format
import { attempt } from "../../errors.ts";
import type { Metadata, NotebookCell } from "../format/mod.ts";
import { jsonInComment } from "./lines.ts";

/** What such a line says. */
export interface Marker {
  readonly title: string;
  readonly type: NotebookCell["cell_type"];
  /** Values by key. */
  readonly options: Metadata;
}

const KEY = /^[A-Za-z_][\w-]*$/;
/** Where options may begin. */
const START = /(?<=^|\s)(?=\[(?:markdown|md|raw)\]|[A-Za-z_][\w-]*=|\{)/g;
const TYPES: Readonly<Record<string, Marker["type"]>> = { markdown: "markdown", md: "markdown", raw: "raw" };

/** The text of a marker. Keys that are no words come last, as JSON. */
export function markerText({ title, type, options }: Marker): string {
  const [words, others] = [true, false].map((word) =>
    Object.entries(options).filter(([key]) => KEY.test(key) === word)
  );
  return [
    "// %%",
    ...(title === "" ? [] : [title]),
    ...(type === "code" ? [] : [`[${type}]`]),
    ...words!.map(([key, value]) => `${key}=${jsonInComment(value)}`),
    ...(others!.length === 0 ? [] : [jsonInComment(Object.fromEntries(others!))]),
  ].join(" ");
}

/** A marker from the text after its percent signs; what does not read as options is the title. */
export function readMarker(text: string): Marker {
  for (const { index } of text.matchAll(START)) {
    const read = readOptions(text.slice(index));
    if (read !== undefined) return { title: text.slice(0, index).trim(), ...read };
  }
  return { title: text.trim(), type: "code", options: {} };
}

function readOptions(text: string): Omit<Marker, "title"> | undefined {
  const [typed = "", type = ""] = /^\[(markdown|md|raw)\]/.exec(text) ?? [];
  const options: [string, unknown][] = [];
  for (let rest = text.slice(typed.length).trim(); rest !== "";) {
    const [before = "", key] = /^([A-Za-z_][\w-]*)=/.exec(rest) ?? [];
    const json = jsonAtStart(rest.slice(before.length));
    const value = json === undefined ? undefined : attempt(() => JSON.parse(json));
    if (json === undefined || value === undefined) return undefined;
    if (key !== undefined) options.push([key, value]);
    else if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      options.push(...Object.entries(value));
    } else return undefined;
    const after = rest.slice(before.length + json.length);
    if (after !== "" && !/^\s/.test(after)) return undefined;
    rest = after.trim();
  }
  return { type: TYPES[type] ?? "code", options: Object.fromEntries(options) };
}

/** The JSON value that a text begins with; undefined if its brackets or quotes do not end. */
function jsonAtStart(text: string): string | undefined {
  if (!/^["{[]/.test(text)) return /^[^\s]+/.exec(text)?.[0];
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{[\]}]/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    if (depth === 0) return text.slice(0, index + token.length);
  }
  return undefined;
}
