// A piece of a script that is one cell.
import { isDeepStrictEqual } from "node:util";
import { isCellId, type MimeBundle, type NotebookCell } from "../format/mod.ts";
import { commented, isCommentable, MARKER, uncommented } from "./lines.ts";
import { markerText, readMarker } from "./marker.ts";

/** What a script holds of a cell. */
export interface ScriptCell {
  readonly type: NotebookCell["cell_type"];
  readonly source: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Undefined if the cell has the id that its source and place give it. */
  readonly id?: string;
  readonly attachments?: Readonly<Record<string, MimeBundle>>;
}

/** Options with a meaning of their own; metadata of these names is in `metadata`. */
const RESERVED = ["id", "attachments", "source", "until", "metadata"];
/** Comments for tools, which are not text. */
const DIRECTIVE = /^\/\/ (deno-|@ts-|eslint-|#)/m;

/** The lines of a cell with its marker, and an empty line after it unless it is the last. */
export function markedLines({ type, source, metadata, id, attachments }: ScriptCell, last: boolean): string[] {
  const { title, ...others } = metadata;
  const hasTitle = isTitle(title);
  const own = Object.entries(hasTitle ? others : metadata);
  const reserved = own.filter(([key]) => RESERVED.includes(key) || key === "title");
  const rest = own.filter(([key]) => !RESERVED.includes(key) && key !== "title");
  const lines = source.split("\n");
  const body = type === "code" ? source === "" ? [] : lines : isCommentable(source) ? commented(source) : undefined;
  const word = type === "code" && lines.some((line) => MARKER.test(line)) ? endWord(lines) : undefined;
  const marker = markerText({
    title: hasTitle ? title : "",
    type,
    options: {
      ...(id === undefined ? {} : { id }),
      ...Object.fromEntries(rest),
      ...(reserved.length === 0 ? {} : { metadata: Object.fromEntries(reserved) }),
      ...(attachments === undefined ? {} : { attachments }),
      ...(body === undefined ? { source } : {}),
      ...(word === undefined ? {} : { until: word }),
    },
  });
  return [marker, ...body ?? [], ...(word === undefined ? [] : [`// %% ${word}`]), ...(last ? [] : [""])];
}

/** Whether a title reads back as the title. */
function isTitle(title: unknown): title is string {
  if (typeof title !== "string" || title === "" || !isCommentable(title) || title.includes("\n")) return false;
  const read = readMarker(` ${title}`);
  return read.title === title && read.type === "code" && Object.keys(read.options).length === 0;
}

/** A word that ends a cell whose code has lines that look like markers. */
function endWord(lines: readonly string[]): string {
  for (let n = 1;; n++) {
    const word = `end${n}`;
    if (!lines.includes(`// %% ${word}`)) return word;
  }
}

/** The lines of a cell without a marker: code, or comments. Its metadata is not in them. */
export function plainLines({ type, source }: ScriptCell, last: boolean): string[] {
  return [...(type === "code" ? source.split("\n") : commented(source)), ...(last ? [] : [""])];
}

/** The line after a cell's code, in lines that begin with its marker; undefined if there is none. */
export function endOf(lines: readonly string[], until: unknown): number | undefined {
  const end = typeof until === "string" ? lines.indexOf(`// %% ${until}`, 1) : -1;
  return end < 0 ? undefined : end;
}

/** The cell of a piece of a script. */
export function readChunk(lines: readonly string[], last: boolean): ScriptCell {
  const marked = MARKER.exec(lines[0] ?? "")?.[1];
  if (marked === undefined) return readPlain(lines);
  const { title, type, options } = readMarker(marked);
  const { id, attachments, source, until, metadata, ...rest } = options;
  const end = endOf(lines, until);
  const body = lines.slice(1, end ?? (!last && lines.length > 1 && lines.at(-1) === "" ? -1 : undefined));
  return {
    type,
    source: typeof source === "string" ? source : type === "code" ? body.join("\n") : uncommented(body),
    metadata: {
      ...(title === "" ? {} : { title }),
      ...rest,
      ...(id === undefined || isCellId(id) ? {} : { id }),
      ...(typeof metadata === "object" ? metadata : {}),
    },
    ...(isCellId(id) ? { id } : {}),
    ...(type !== "code" && typeof attachments === "object"
      ? { attachments: attachments as ScriptCell["attachments"] }
      : {}),
  } as ScriptCell;
}

/** Code, or text if all of it is comments. */
function readPlain(lines: readonly string[]): ScriptCell {
  const filled = (line: string) => line.trim() !== "";
  const body = lines.slice(Math.max(0, lines.findIndex(filled)), lines.findLastIndex(filled) + 1);
  const text = uncommented(body);
  const isText = body.length > 0 && !DIRECTIVE.test(body.join("\n")) && isDeepStrictEqual(commented(text), body) &&
    isCommentable(text);
  return isText
    ? { type: "markdown", source: text, metadata: {} }
    : { type: "code", source: body.join("\n"), metadata: {} };
}
