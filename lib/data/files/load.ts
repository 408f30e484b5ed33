// The user's files as documents: plain text, JSON lines and Parquet.
import { parquetMetadataAsync, parquetReadObjects, parquetSchema } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { nearest, UserError } from "../../errors.ts";
import { findFiles, readFile } from "./find.ts";
import { cutText } from "../text/cut.ts";
import type { Document } from "../types.ts";
import { decodeUtf8 } from "./utf8.ts";

/** Documents of the user's files, and how many files of a glob were left out because they are empty. */
export interface Loaded {
  readonly documents: readonly Document[];
  readonly emptyFiles: number;
}

/**
 * Reads the user's files. `.jsonl` and `.parquet` give a document a record; `.txt` is cut at blank lines, else
 * at lines or sentences, into documents of a few thousand characters; any other file is one document. `.gz` at the end means gzip.
 *
 * @param pattern path or glob
 * @param setting the setting that names it, such as `data.code`, for messages
 * @param textField field of a record that holds the text
 * @throws UserError with file and place for whatever cannot be read
 */
export async function loadFiles(pattern: string, setting: string, textField: string): Promise<Loaded> {
  const files = findFiles(pattern, setting);
  const documents: Document[] = [];
  let emptyFiles = 0;
  for (const path of files) {
    const bytes = await readFile(path);
    if (bytes.length > 0) {
      for (const document of await parse(path, bytes, textField)) documents.push(document);
    } else if (files.length > 1) {
      emptyFiles++;
    } else {
      throw new UserError("data.empty-file", `${setting} names ${path}, which is empty`, "Give a file with text in it");
    }
  }
  return { documents, emptyFiles };
}

async function parse(path: string, bytes: Uint8Array, textField: string): Promise<Document[]> {
  const name = path.toLowerCase().replace(/\.gz$/, "");
  if (name.endsWith(".parquet")) return await parseParquet(path, bytes, textField);
  const text = decodeUtf8(bytes, path);
  if (name.endsWith(".jsonl")) return parseJsonLines(path, text, textField);
  if (!name.endsWith(".txt")) return text.trim() === "" ? [] : [{ id: path, text }];
  return cutText(text).map((piece, i) => ({ id: `${path}#${i + 1}`, text: piece }));
}

function parseJsonLines(path: string, text: string, textField: string): Document[] {
  const documents: Document[] = [];
  text.split("\n").forEach((line, i) => {
    if (line.trim() === "") return;
    const where = `${path} line ${i + 1}`;
    let record: unknown;
    try {
      record = JSON.parse(line);
    } catch (error) {
      throw new UserError(
        "data.bad-json",
        `${where} is not JSON: ${error instanceof Error ? error.message : error}`,
        "Each line of a .jsonl file is one JSON object",
      );
    }
    if (typeof record !== "object" || record === null || Array.isArray(record)) {
      throw new UserError("data.bad-json", `${where} is not a JSON object`, `Expected {"${textField}": "…"}`);
    }
    addRecord(documents, record as Record<string, unknown>, where, textField);
  });
  return documents;
}

async function parseParquet(path: string, bytes: Uint8Array, textField: string): Promise<Document[]> {
  const file = bytes.slice().buffer;
  try {
    const columns = parquetSchema(await parquetMetadataAsync(file)).children.map(({ element }) => element.name);
    if (!columns.includes(textField)) throw missingField(path, textField, columns);
    const records = await parquetReadObjects({ file, columns: [textField], compressors });
    const documents: Document[] = [];
    records.forEach((record, i) => addRecord(documents, record, `${path} row ${i + 1}`, textField));
    return documents;
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError("data.bad-parquet", `${path} is not a readable Parquet file: ${reason}`);
  }
}

function addRecord(to: Document[], record: Record<string, unknown>, where: string, textField: string): void {
  if (!Object.hasOwn(record, textField)) throw missingField(where, textField, Object.keys(record));
  const text = record[textField];
  if (typeof text !== "string" || !text.isWellFormed() || text.includes("\0")) {
    const wrong = typeof text !== "string"
      ? `is ${text === null ? "null" : `a ${typeof text}`}, not text`
      : text.isWellFormed()
      ? "has a NUL character"
      : "has half of a surrogate pair, which is not Unicode text";
    throw new UserError("data.bad-text", `${where}: the field "${textField}" ${wrong}`, "Mend or remove the record");
  }
  if (text.trim() !== "") to.push({ id: where.replace(/ (?:line|row) /, "#"), text });
}

function missingField(where: string, textField: string, fields: readonly string[]): UserError {
  const meant = nearest(textField, fields) ?? fields[0];
  return new UserError(
    "data.missing-field",
    `${where} has no field "${textField}": it has ${fields.slice(0, 12).join(", ") || "none"}`,
    meant === undefined ? "Choose it with data.textField" : `Choose the field, such as data.textField=${meant}`,
  );
}
