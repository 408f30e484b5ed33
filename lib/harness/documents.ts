// The documents of a task, read from local files as the library `datasets` reads them for the harness.
import { dirname, isAbsolute, join } from "node:path";
import { parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { readCsv } from "../data/mod.ts";
import { systemReason, UserError } from "../errors.ts";
import { csvDocuments } from "./csv-documents.ts";
import type { TaskConfig } from "./config.ts";
import { PythonFloat } from "./python-values.ts";
import type { Fields } from "./template.ts";

/** A document, and where it is: `test.jsonl line 3`. */
export interface TaskDocument {
  readonly fields: Fields;
  readonly place: string;
}

/** The documents of one split. */
export interface Split {
  readonly documents: readonly TaskDocument[];
  /** The fields that any document has. */
  readonly columns: ReadonlySet<string>;
}

/**
 * Reads a split of a task.
 *
 * Paths are relative to the current folder, as in the harness, or else to the task's file. A column of numbers of which one
 * has a fraction has floats only.
 *
 * @throws UserError `harness.split`, `harness.data` with file and line
 */
export async function readSplit({ data, file }: TaskConfig, name: string, key: string): Promise<Split> {
  const paths = data.files[name];
  if (paths === undefined) {
    const names = Object.keys(data.files);
    throw new UserError(
      "harness.split",
      `${file.place(key)}: there is no split "${name}": data_files names ${names.join(", ")}`,
      names.length === 1 && names[0] === "train" ? "without names, all data_files are the split train" : undefined,
    );
  }
  const documents: TaskDocument[] = [];
  for (const path of paths) {
    const where = await found(path, file.path, file.place("dataset_kwargs", "data_files"));
    switch (data.format) {
      case "json":
        documents.push(...await readJson(where, data.field));
        break;
      case "csv":
        documents.push(...csvDocuments(await readCsv(where), where));
        break;
      case "parquet":
        documents.push(...await readParquet(where));
    }
  }
  if (documents.length === 0) throw new UserError("harness.data", `${paths.join(", ")}: there are no documents`);
  return split(documents, data.format === "json");
}

/** The documents as a table: numbers of one type in each column. @param dates whether columns of dates are left out */
export function split(documents: readonly TaskDocument[], dates = true): Split {
  const floats = new Set<string>();
  for (const { fields } of documents) collectFloats(fields, "", floats);
  const typed = floats.size === 0
    ? documents
    : documents.map(({ fields, place }) => ({ place, fields: asFloats(fields, "", floats) as Fields }));
  const columns = new Set(typed.flatMap(({ fields }) => Object.keys(fields)));
  const dated = dates ? [...columns].filter((name) => isDates(typed.map(({ fields }) => fields[name]))) : [];
  if (dated.length === 0) return { documents: typed, columns };
  // `datasets` makes dates of them, which are written in another way: such a field cannot be used.
  const rest = typed.map(({ fields, place }) => ({
    place,
    fields: Object.fromEntries(Object.entries(fields).filter(([name]) => !dated.includes(name))),
  }));
  return { documents: rest, columns: new Set([...columns].filter((name) => !dated.includes(name))) };
}

function isDates(values: readonly unknown[]): boolean {
  const given = values.filter((value) => value !== null && value !== undefined);
  const date = /^\d{4}-\d\d-\d\d(?:[ T]\d\d(?::?\d\d){0,2}Z?)?$/;
  return given.length > 0 && given.every((value) => typeof value === "string" && date.test(value));
}

function collectFloats(value: unknown, path: string, floats: Set<string>): void {
  if (value instanceof PythonFloat) floats.add(path);
  else if (Array.isArray(value)) { for (const one of value) collectFloats(one, `${path}[]`, floats); }
  else if (typeof value === "object" && value !== null) {
    for (const [key, one] of Object.entries(value)) collectFloats(one, `${path}.${key}`, floats);
  }
}

function asFloats(value: unknown, path: string, floats: ReadonlySet<string>): unknown {
  if (typeof value === "number") return floats.has(path) ? new PythonFloat(value) : value;
  if (Array.isArray(value)) return value.map((one) => asFloats(one, `${path}[]`, floats));
  if (typeof value !== "object" || value === null || value instanceof PythonFloat) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, asFloats(one, `${path}.${key}`, floats)]));
}

async function found(path: string, task: string, where: string): Promise<string> {
  const tried = isAbsolute(path) ? [path] : [path, join(dirname(task), path)];
  for (const one of tried) if (await Deno.stat(one).then(({ isFile }) => isFile, () => false)) return one;
  throw new UserError(
    "harness.data",
    `${where}: there is no file ${tried.join(", and no ")}`,
    "paths are relative to the current folder or to the task's file; networks and globs are not used",
  );
}

async function readJson(path: string, field: string | undefined): Promise<TaskDocument[]> {
  const text = await readText(path);
  if (field === undefined && !/^\s*\[/.test(text)) {
    return text.split("\n").flatMap((line, i) =>
      line.trim() === "" ? [] : [documentOf(parseJson(line, `${path} line ${i + 1}`), `${path} line ${i + 1}`)]
    );
  }
  const whole = parseJson(text, path);
  const list = field === undefined ? whole : (whole as Record<string, unknown> | null)?.[field];
  if (!Array.isArray(list)) {
    throw new UserError(
      "harness.data",
      `${path}: ${field === undefined ? "it" : `"${field}"`} is not a list of documents`,
    );
  }
  return list.map((value, i) => documentOf(value, `${path} element ${i + 1}`));
}

function documentOf(value: unknown, place: string): TaskDocument {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { fields: value as Fields, place };
  throw new UserError("harness.data", `${place} is not a document: expected an object with fields`);
}

/** JSON, in which 3.0 is a float. */
function parseJson(text: string, place: string): unknown {
  type Context = { readonly source?: string };
  const revive = (_: string, value: unknown, { source = "" }: Context) =>
    typeof value === "number" && /[.eE]/.test(source) ? new PythonFloat(value) : value;
  try {
    return JSON.parse(text, revive as (key: string, value: unknown) => unknown);
  } catch (error) {
    throw new UserError("harness.data", `${place} is not JSON: ${(error as Error).message}`);
  }
}

async function readText(path: string): Promise<string> {
  const bytes = await readBytes(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UserError("harness.data", `${path} is not UTF-8`);
  }
}

async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    throw new UserError("harness.data", `Cannot read ${path}: ${systemReason(error) ?? error}`);
  }
}

async function readParquet(path: string): Promise<TaskDocument[]> {
  const { buffer } = await readBytes(path);
  try {
    const rows = await parquetReadObjects({ file: buffer, compressors });
    return rows.map((row, i) => ({ fields: ofParquet(row, path) as Fields, place: `${path} row ${i + 1}` }));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError("harness.data", `${path} is not a readable Parquet file: ${(error as Error).message}`);
  }
}

function ofParquet(value: unknown, path: string): unknown {
  if (typeof value === "bigint") return Number(value);
  if (value === undefined) return null;
  if (typeof value === "number") return Number.isInteger(value) ? value : new PythonFloat(value);
  if (Array.isArray(value)) return value.map((one) => ofParquet(one, path));
  if (value instanceof Date || value instanceof Uint8Array) {
    throw new UserError("harness.data", `${path}: it has dates or bytes, but documents are text, numbers and lists`);
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, ofParquet(one, path)]));
}
