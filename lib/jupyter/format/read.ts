// Reads the file of a notebook, and says what is wrong with one that is not.
import { createHash } from "node:crypto";
import { z } from "zod";
import { attempt, UserError } from "../../errors.ts";
import {
  isJsonType,
  mapValues,
  type Metadata,
  type MimeBundle,
  type Notebook,
  type NotebookCell,
  type Output,
} from "./notebook.ts";

const text = z.union([z.string(), z.array(z.string())], "expected text");
const metadata = z.looseObject({}, "expected an object");
const count = z.union([z.int(), z.null()], "expected a whole number or null");
const data = z.record(z.string(), z.unknown(), "expected an object");
const outputSchema = z.discriminatedUnion("output_type", [
  z.looseObject({ output_type: z.literal("stream"), name: z.string(), text }),
  z.looseObject({ output_type: z.literal("display_data"), data, metadata }),
  z.looseObject({ output_type: z.literal("execute_result"), data, metadata, execution_count: count }),
  z.looseObject({
    output_type: z.literal("error"),
    ename: z.string(),
    evalue: z.string(),
    traceback: z.array(z.string()),
  }),
], "expected stream, display_data, execute_result or error");
const cell = { id: z.string().optional(), metadata, source: text };
const attachments = z.record(z.string(), data, "expected an object").optional();
const notebookSchema = z.looseObject({
  metadata,
  nbformat_minor: z.int("expected a whole number"),
  cells: z.array(
    z.discriminatedUnion("cell_type", [
      z.looseObject({
        ...cell,
        cell_type: z.literal("code"),
        execution_count: count,
        outputs: z.array(outputSchema, "expected a list"),
      }),
      z.looseObject({ ...cell, cell_type: z.enum(["markdown", "raw"]), attachments }),
    ], "expected code, markdown or raw"),
    "expected a list of cells",
  ),
});
type Stored = z.infer<typeof notebookSchema>;
type StoredOutput = z.infer<typeof outputSchema>;

/** Deeper values would exhaust the stack of what writes them. */
const DEEPEST = 500;

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1));
}

/** Whether nbformat allows a cell to have this id. */
export function isCellId(id: unknown): id is string {
  return typeof id === "string" && /^[a-zA-Z0-9_-]{1,64}$/.test(id);
}

/**
 * A notebook from the text of its file. Ids that are missing or not unique are replaced by new ones.
 *
 * @param name of the file, for messages
 * @throws UserError `notebook.format` for what is not a notebook, or is in another format than nbformat 4
 */
export function parseNotebook(file: string, name: string): Notebook {
  const value: unknown = attempt(() => JSON.parse(file.replace(/^\uFEFF/, "")));
  const refuse = (why: string, hint = "give the path of a file that Jupyter saved, which ends in .ipynb") =>
    new UserError("notebook.format", `${name} is not a notebook: ${why}`, hint);
  if (value === undefined) throw refuse(file.trim() === "" ? "it is empty" : "it is not JSON");
  if (isDeeper(value, DEEPEST)) throw refuse(`it is nested more than ${DEEPEST} levels deep`);
  const { nbformat, nbformat_minor: minor } = (value ?? {}) as Record<string, unknown>;
  if (nbformat === undefined) throw refuse('it has no "nbformat"');
  if (nbformat !== 4) throw otherFormat(nbformat, minor, name);
  const checked = notebookSchema.safeParse(value);
  if (!checked.success) throw refuse(fault(checked.error.issues[0]!));
  // Unknown keys are kept as they are.
  return withIds(whole(value as Stored));
}

function otherFormat(nbformat: unknown, minor: unknown, name: string): UserError {
  const version = typeof nbformat === "number" && typeof minor === "number" ? `${nbformat}.${minor}` : String(nbformat);
  return new UserError(
    "notebook.format",
    `${name} is in nbformat ${version}: expected nbformat 4`,
    Number(nbformat) < 4
      ? `convert it with \`jupyter nbconvert --to notebook --nbformat 4 "${name}"\``
      : "save it from Jupyter in nbformat 4",
  );
}

/** What is wrong, with its place: `cells[3].source: expected text`. */
function fault({ path, message }: z.core.$ZodIssue): string {
  const place = path.reduce<string>(
    (before, key) =>
      typeof key === "number" ? `${before}[${key}]` : `${before}${before === "" ? "" : "."}${String(key)}`,
    "",
  );
  return `${place}: ${message.replace(/^Invalid input: /, "")}`;
}

/** The same with every text in one piece. */
function whole(stored: Stored): Notebook {
  const cells = stored.cells.map((cell) => {
    const source = joined(cell.source);
    if (cell.cell_type === "code") return { ...cell, source, outputs: cell.outputs.map(wholeOutput) };
    if (cell.attachments === undefined) return { ...cell, source };
    return { ...cell, source, attachments: mapValues(cell.attachments, wholeBundle) };
  });
  return { ...stored, nbformat: 4, cells: cells as unknown as NotebookCell[] };
}

function wholeOutput(output: StoredOutput): Output {
  if (output.output_type === "stream") return { ...output, text: joined(output.text) };
  return output.output_type === "error" ? output : { ...output, data: wholeBundle(output.data) };
}

const joined = (text: string | readonly string[]): string => typeof text === "string" ? text : text.join("");

const wholeBundle = (bundle: Metadata): MimeBundle =>
  Object.fromEntries(
    Object.entries(bundle).map(([type, value]) => [
      type,
      Array.isArray(value) && !isJsonType(type) ? value.join("") : value,
    ]),
  );

/** Gives each cell of nbformat 4.5 an id of its own; there are none before. */
function withIds(notebook: Notebook): Notebook {
  if (notebook.nbformat_minor < 5) return notebook;
  const used = new Set<string>();
  const cells = notebook.cells.map((cell, at) => {
    let { id = "" } = cell;
    for (let n = 0; !isCellId(id) || used.has(id); n++) id = cellId(cell.source, at, n);
    used.add(id);
    return { ...cell, id };
  });
  return { ...notebook, cells };
}

/** An id that depends on a cell's text and place alone, so that converting a file twice gives the same ids. */
export function cellId(source: string, at: number, attempt = 0): string {
  return createHash("sha256").update(`${at} ${attempt} ${source}`).digest("hex").slice(0, 8);
}
