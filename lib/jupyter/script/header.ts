// The comment at the beginning of a script that holds the notebook's metadata, as jupytext writes it:
//
//     // ---
//     // jupyter:
//     //   kernelspec: …
//     // ---
import { isDeepStrictEqual } from "node:util";
import { parse, stringify } from "yaml";
import { attempt } from "../../errors.ts";
import { DENO_METADATA, type Metadata } from "../format/mod.ts";
import { commented, isCommentable, jsonInComment, uncommented } from "./lines.ts";

/** What a header says. */
export interface Header {
  readonly metadata: Metadata;
  readonly nbformat_minor: number;
}

const MINOR = 5;
const RULE = "// ---";
const QUIET = { maxAliasCount: 0, logLevel: "error" } as const;

/** What scripts without a header stand for. */
export const NO_HEADER: Header = { metadata: DENO_METADATA, nbformat_minor: MINOR };

/** The lines of a header, with an empty one after it; none where none is needed. */
export function headerLines(header: Header): string[] {
  if (isDeepStrictEqual(header, NO_HEADER)) return [];
  const { metadata, nbformat_minor } = header;
  const content = { jupyter: metadata, ...(nbformat_minor === MINOR ? {} : { nbformat_minor }) };
  const yaml = stringify(content, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd();
  const exact = isCommentable(yaml) &&
    isDeepStrictEqual(attempt(() => parse(uncommented(commented(yaml)), QUIET)), content);
  return [RULE, ...commented(exact ? yaml : jsonInComment(content)), RULE, ""];
}

/** The header that lines begin with, and how many lines it takes with the empty one after it. */
export function readHeader(lines: readonly string[]): { readonly header: Header; readonly taken: number } | undefined {
  // jupytext names the encoding before the header of a text that is not ASCII.
  const start = /^\/\/ -\*- coding: utf-8 -\*-$/.test(lines[0] ?? "") ? 1 : 0;
  if (lines[start] !== RULE) return undefined;
  const end = lines.indexOf(RULE, start + 1);
  if (end < 0 || lines.slice(start, end).some((line) => !line.startsWith("//"))) return undefined;
  const content: unknown = attempt(() => parse(uncommented(lines.slice(start + 1, end)), QUIET));
  if (typeof content !== "object" || content === null) return undefined;
  const { jupyter, nbformat_minor = MINOR, ...others } = content as Record<string, unknown>;
  const isHeader = typeof jupyter === "object" && jupyter !== null && !Array.isArray(jupyter) &&
    Number.isInteger(nbformat_minor) && Object.keys(others).length === 0;
  if (!isHeader) return undefined;
  const header = { metadata: jupyter as Metadata, nbformat_minor: nbformat_minor as number };
  return { header, taken: end + (lines[end + 1] === "" ? 2 : 1) };
}
