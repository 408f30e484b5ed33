// Notebooks as scripts, and scripts as notebooks. Converting a file and back gives the same file; only outputs, and when
// and in which order cells were executed, are not in a script.
import { isDeepStrictEqual } from "node:util";
import { cellId, codeCell, markdownCell, type Metadata, type Notebook, type NotebookCell } from "../format/mod.ts";
import { endOf, markedLines, plainLines, readChunk, type ScriptCell } from "./chunk.ts";
import { type Header, headerLines, NO_HEADER, readHeader } from "./header.ts";
import { MARKER } from "./lines.ts";
import { readMarker } from "./marker.ts";
import { paragraphStarts } from "./paragraphs.ts";

/** How a script is written where that is not the usual way; kept in the metadata of the notebook. */
interface ScriptForm {
  /** Cells are marked by `// %%`, or are the paragraphs of the script. @default "percent" */
  readonly format?: "plain";
  /** End of lines. @default "\n" */
  readonly eol?: string;
  /** Whether the last line ends. @default true */
  readonly ends?: boolean;
  /** Whether a byte order mark begins it. @default false */
  readonly bom?: boolean;
  /** The lines of the header, if it is written in another way. */
  readonly header?: readonly string[];
}

/** Keys of `metadata.stitchbook`: the form of a notebook's script, and the lines of a cell that is written in another way. */
const FORM = "script", LINES = "lines";

/**
 * A script as a notebook. `// %%` begins a cell, as in jupytext's percent format; a script without such lines is cut where
 * its top level has empty lines, and what is all comments becomes Markdown.
 */
export function scriptToNotebook(script: string): Notebook {
  const bom = script.startsWith("\uFEFF");
  const text = bom ? script.slice(1) : script;
  const eol = text.includes("\n") && !/(^|[^\r])\n/.test(text) ? "\r\n" : "\n";
  const lines = text === "" ? [] : text.split(eol);
  const ends = lines.length === 0 || lines.at(-1) === "";
  if (ends) lines.pop();
  const { header, taken } = readHeader(lines) ?? { header: NO_HEADER, taken: 0 };
  const body = lines.slice(taken);
  const plain = taken === 0 && body.length > 0 && !body.some((line) => MARKER.test(line));
  const form: ScriptForm = {
    ...(plain ? { format: "plain" } : {}),
    ...(eol === "\n" ? {} : { eol }),
    ...(ends ? {} : { ends }),
    ...(bom ? { bom } : {}),
    ...(isDeepStrictEqual(lines.slice(0, taken), headerLines(header)) ? {} : { header: lines.slice(0, taken) }),
  };
  const chunks = cut(body, plain ? paragraphStarts(body) : markerStarts(body));
  const ids = new Set<string>();
  const cells = chunks.map((lines, at) => {
    const last = at === chunks.length - 1;
    const read = readChunk(lines, last);
    const cell = read.id !== undefined && ids.has(read.id) ? flat(read) : read;
    if (cell.id !== undefined) ids.add(cell.id);
    const usual = plain ? plainLines(cell, last) : markedLines(cell, last);
    return notebookCell(
      { ...cell, metadata: withOwn(cell.metadata, LINES, isDeepStrictEqual(usual, lines) ? undefined : lines) },
      at,
      header.nbformat_minor,
    );
  });
  return {
    metadata: withOwn(header.metadata, FORM, Object.keys(form).length === 0 ? undefined : form),
    nbformat: 4,
    nbformat_minor: header.nbformat_minor,
    cells,
  };
}

/**
 * A notebook as a script. A notebook that was made from a script is written as that one was: without markers, as long as
 * its cells are nothing but paragraphs.
 */
export function notebookToScript(notebook: Notebook): string {
  const form = formOf(notebook.metadata);
  if (form.format === "plain") {
    const script = write(notebook, form, true);
    if (isDeepStrictEqual(paragraphsOf(scriptToNotebook(script)), paragraphsOf(notebook))) return script;
  }
  const { format: _, ...marked } = form;
  const script = write(notebook, marked, true);
  const same = isDeepStrictEqual(contentOf(scriptToNotebook(script)), contentOf(notebook));
  return same ? script : write(notebook, {}, false);
}

/** Writes a script in a form, with the kept lines of cells that have not changed since, or without. */
function write(
  notebook: Notebook,
  { format, eol = "\n", ends = true, bom, header }: ScriptForm,
  kept: boolean,
): string {
  const content = contentOf(notebook);
  const top: Header = { metadata: content.metadata, nbformat_minor: content.nbformat_minor };
  const read = header && readHeader(header);
  const keepsHeader = read !== undefined && read.taken === header!.length && isDeepStrictEqual(read.header, top);
  const lines = format === "plain" ? [] : keepsHeader ? [...header!] : headerLines(top);
  for (const [at, cell] of content.cells.entries()) {
    const last = at === content.cells.length - 1;
    const own = ownOf(notebook.cells[at]!.metadata)?.[LINES];
    const keeps = kept && isLines(own) && (at === 0 || format === "plain" || MARKER.test(own[0]!)) &&
      isDeepStrictEqual(flat(readChunk(own, last)), flat(cell));
    lines.push(...keeps ? own : format === "plain" ? plainLines(cell, last) : markedLines(cell, last));
  }
  return `${bom ? "\uFEFF" : ""}${lines.join(eol)}${ends && lines.length > 0 ? eol : ""}`;
}

/** The cell with its id as metadata, where that of a cell before it is the same. */
function flat({ id, ...cell }: ScriptCell): ScriptCell {
  return id === undefined ? cell : { ...cell, metadata: { ...cell.metadata, id } };
}

const isLines = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length > 0 && value.every((line) => typeof line === "string");

/** What a script holds of a notebook. */
function contentOf({ metadata, nbformat_minor, cells }: Notebook) {
  return {
    metadata: withOwn(metadata, FORM, undefined),
    nbformat_minor,
    cells: cells.map((cell, at) => scriptCell(cell, at)),
  };
}

/** What a script without markers holds of a notebook: no ids, and nothing about its kernel. */
function paragraphsOf(notebook: Notebook) {
  const { metadata, cells } = contentOf(notebook);
  const { kernelspec: _, language_info: __, ...others } = metadata;
  return { others, cells: cells.map(({ id: _, ...cell }) => cell) };
}

function scriptCell(cell: NotebookCell, at: number): ScriptCell {
  const { execution: _, ...metadata } = withOwn(cell.metadata, LINES, undefined);
  return {
    type: cell.cell_type,
    source: cell.source,
    metadata,
    ...(cell.id === undefined || cell.id === cellId(cell.source, at) ? {} : { id: cell.id }),
    ...(cell.cell_type !== "code" && cell.attachments !== undefined ? { attachments: cell.attachments } : {}),
  };
}

function notebookCell(
  { type, source, metadata, id, attachments }: ScriptCell,
  at: number,
  minor: number,
): NotebookCell {
  const more = { metadata, ...(minor < 5 ? {} : { id: id ?? cellId(source, at) }) };
  if (type === "code") return codeCell(source, more);
  return {
    ...markdownCell(source, { ...more, ...(attachments === undefined ? {} : { attachments }) }),
    cell_type: type,
  };
}

/** What is ours in metadata; undefined if somebody else has put something there. */
function ownOf(metadata: Metadata): Metadata | undefined {
  const own = metadata["stitchbook"];
  return typeof own === "object" && own !== null && !Array.isArray(own) ? own as Metadata : undefined;
}

/** The form that a notebook's metadata names, as far as it makes sense. */
function formOf(metadata: Metadata): ScriptForm {
  const { format, eol, ends, bom, header } = (ownOf(metadata)?.[FORM] ?? {}) as Metadata;
  return {
    ...(format === "plain" ? { format } : {}),
    ...(eol === "\r\n" ? { eol } : {}),
    ...(ends === false ? { ends } : {}),
    ...(bom === true ? { bom } : {}),
    ...(isLines(header) ? { header } : {}),
  };
}

/** Metadata with a value under a key of `stitchbook`, or without that key. */
function withOwn(metadata: Metadata, key: string, value: unknown): Metadata {
  const own = ownOf(metadata);
  if (value !== undefined) return { ...metadata, stitchbook: { ...own, [key]: value } };
  if (own === undefined || !Object.hasOwn(own, key)) return metadata;
  const { [key]: _, ...rest } = own;
  const { stitchbook: __, ...others } = metadata;
  return Object.keys(rest).length === 0 ? others : { ...others, stitchbook: rest };
}

/** Cuts lines before each of the starts. */
function cut(lines: readonly string[], starts: readonly number[]): string[][] {
  if (lines.length === 0) return [];
  return [0, ...starts].map((start, at) => lines.slice(start, starts[at]));
}

/** The number of the line of each marker, but for the first line. */
function markerStarts(lines: readonly string[]): number[] {
  const starts: number[] = [];
  for (let at = 0; at < lines.length; at++) {
    const marked = MARKER.exec(lines[at]!)?.[1];
    if (marked === undefined) continue;
    if (at > 0) starts.push(at);
    at += endOf(lines.slice(at), readMarker(marked).options["until"]) ?? 0;
  }
  return starts;
}
