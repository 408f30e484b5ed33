// The notebook format (nbformat 4): its types, and the text of its files.
// https://nbformat.readthedocs.io/en/latest/format_description.html

/** Any metadata: JSON objects with keys of many programs. */
export type Metadata = Readonly<Record<string, unknown>>;

/** A value by media type: text, or any JSON for media types of JSON. */
export type MimeBundle = Readonly<Record<string, unknown>>;

/** An output of a code cell. */
export type Output =
  | { readonly output_type: "stream"; readonly name: string; readonly text: string }
  | { readonly output_type: "display_data"; readonly data: MimeBundle; readonly metadata: Metadata }
  | {
    readonly output_type: "execute_result";
    readonly data: MimeBundle;
    readonly metadata: Metadata;
    readonly execution_count: number | null;
  }
  | {
    readonly output_type: "error";
    readonly ename: string;
    readonly evalue: string;
    readonly traceback: readonly string[];
  };

interface AnyCell {
  /** Unique in its notebook; there is none before nbformat 4.5. */
  readonly id?: string;
  readonly metadata: Metadata;
  readonly source: string;
}

/** A cell with code. */
export interface CodeCell extends AnyCell {
  readonly cell_type: "code";
  readonly execution_count: number | null;
  readonly outputs: readonly Output[];
}

/** A cell with text. */
export interface TextCell extends AnyCell {
  readonly cell_type: "markdown" | "raw";
  /** Files that the text shows, each by its name. */
  readonly attachments?: Readonly<Record<string, MimeBundle>>;
}

/** A cell of a notebook. */
export type NotebookCell = CodeCell | TextCell;

/** A notebook of nbformat 4. Texts that files hold in lines are whole. */
export interface Notebook {
  readonly metadata: Metadata;
  readonly nbformat: 4;
  readonly nbformat_minor: number;
  readonly cells: readonly NotebookCell[];
}

/** Metadata of notebooks whose cells Deno's kernel executes. */
export const DENO_METADATA: Metadata = {
  kernelspec: { display_name: "Deno", language: "typescript", name: "deno" },
  language_info: {
    codemirror_mode: "typescript",
    file_extension: ".ts",
    mimetype: "text/x.typescript",
    name: "typescript",
    nbconvert_exporter: "script",
    pygments_lexer: "typescript",
  },
};

/** A code cell that was not executed. */
export function codeCell(source: string, more: Partial<CodeCell> = {}): CodeCell {
  return { cell_type: "code", metadata: {}, source, execution_count: null, outputs: [], ...more };
}

/** A cell with Markdown. */
export function markdownCell(source: string, more: Partial<TextCell> = {}): TextCell {
  return { cell_type: "markdown", metadata: {}, source, ...more };
}

/** Whether a media type holds JSON values, which files do not hold in lines. */
export function isJsonType(type: string): boolean {
  return type === "application/json" || /^application\/.*\+json$/.test(type);
}

/** The text of a notebook's file, byte for byte as nbformat writes it: sorted keys, texts as lists of lines. */
export function notebookText(notebook: Notebook): string {
  const cells = notebook.cells.map((cell) => {
    const { source } = cell;
    if (cell.cell_type === "code") return { ...cell, source: lines(source), outputs: cell.outputs.map(outputInLines) };
    const { attachments } = cell;
    if (attachments === undefined) return { ...cell, source: lines(source) };
    return { ...cell, source: lines(source), attachments: mapValues(attachments, bundleInLines) };
  });
  return `${JSON.stringify(sorted({ ...notebook, cells }), null, 1)}\n`;
}

function outputInLines(output: Output): unknown {
  if (output.output_type === "stream") return { ...output, text: lines(output.text) };
  return output.output_type === "error" ? output : { ...output, data: bundleInLines(output.data) };
}

const bundleInLines = (bundle: MimeBundle) =>
  Object.fromEntries(
    Object.entries(bundle).map(([type, value]) => [
      type,
      typeof value === "string" && !isJsonType(type) ? lines(value) : value,
    ]),
  );

/** The lines of a text, each with its end, as Python's `splitlines()` cuts them. */
function lines(text: string): string[] {
  return text.match(LINE) ?? [];
}

// deno-lint-ignore no-control-regex
const LINE = /[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*(?:\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])|[^]+$/g;

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([, member]) => member !== undefined).sort(([a], [b]) => a < b ? -1 : 1)
      .map(([key, member]) => [key, sorted(member)]),
  );
}

/** The same function of every value of an object. */
export function mapValues<T, U>(object: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}
