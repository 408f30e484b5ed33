// Reads CSV and TSV records.
// @ts-types="./csv-parse.d.ts"
import { parse } from "csv-parse";
import { Readable } from "node:stream";
import { UserError } from "../../errors.ts";
import type { RawRecord } from "./json.ts";
import { missingField, placeName, type RecordPlace } from "./records.ts";
import { decodeUtf8, MAX_TEXT } from "./utf8.ts";

/** Rows per batch. */
const BATCH = 1000;

/** Rows of a table. */
export interface CsvRows {
  readonly columns: readonly string[];
  readonly rows: readonly CsvRow[];
}

/** A row and its place. */
export interface CsvRow {
  readonly place: RecordPlace;
  /** The field of a column. @throws UserError if the row has more or fewer fields, or the field is not UTF-8 */
  field(column: number): string;
}

/**
 * One record per row, in batches, as {@linkcode csvRows} reads them.
 *
 * @throws UserError when there is no such column, or a quotation mark is never closed
 */
export async function* csvRecords(
  path: string,
  blocks: AsyncIterable<Uint8Array>,
  textField: string,
): AsyncGenerator<RawRecord[]> {
  for await (const { columns, rows } of csvRows(path, blocks)) {
    const index = columns.indexOf(textField);
    if (index < 0) throw missingField(path, textField, columns);
    yield rows.map(({ place, field }) => ({ place, read: () => field(index) }));
  }
}

/**
 * The rows of a table, in batches; the first line names the columns. Quotes are doubled inside quoted fields, which may hold line
 * ends (RFC 4180). A `.tsv` file is separated by tabs; a `.csv` file by semicolons or tabs when its first line has no
 * comma.
 *
 * @throws UserError when a quotation mark is never closed
 */
export async function* csvRows(path: string, blocks: AsyncIterable<Uint8Array>): AsyncGenerator<CsvRows> {
  const { delimiter, lineEnds, all } = await begin(blocks, path);
  // Bytes pass through the parser as Latin-1, one character each, so that each row can be decoded strictly by itself.
  const parser = Readable.from(all).pipe(parse({
    encoding: "latin1",
    delimiter,
    record_delimiter: lineEnds,
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: MAX_TEXT,
  }));
  let columns: string[] | undefined;
  let rows: CsvRow[] = [];
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      const place: RecordPlace = { path, unit: "line", number: info.lines };
      if (columns === undefined) {
        if (record.every((name) => name.trim() === "")) continue; // blank lines before the names
        columns = record.map((name) => decodeUtf8(bytesOf(name), placeName(place)));
        continue;
      }
      if (record.length === 1 && record[0] === "" && columns.length > 1) continue; // a blank line
      const count = columns.length;
      rows.push({ place, field: (column) => fieldOf(record, column, count, place) });
      if (rows.length < BATCH) continue;
      yield { columns, rows };
      rows = [];
    }
    if (columns !== undefined) yield { columns, rows };
  } catch (error) {
    if (!isCsvError(error)) throw error;
    const what = error.code === "CSV_QUOTE_NOT_CLOSED"
      ? `a quotation mark that opens in record ${error.records} is never closed`
      : error.message;
    throw new UserError(
      "data.bad-csv",
      `${path} is not CSV: ${what}`,
      'A quotation mark inside a quoted field is doubled: "He said ""yes"""',
    );
  }
}

function fieldOf(record: readonly string[], column: number, columns: number, place: RecordPlace): string {
  if (record.length !== columns) {
    throw new UserError(
      "data.bad-csv",
      `${placeName(place)} has ${record.length} fields, but the first line names ${columns}`,
      "Put fields that hold a separator or a line end in quotation marks",
    );
  }
  return decodeUtf8(bytesOf(record[column]!), placeName(place));
}

/**
 * Determines the separator and the line ends from the first line. Removes a byte order mark, and the line `sep=;` with which
 * Excel names the separator.
 */
async function begin(blocks: AsyncIterable<Uint8Array>, path: string) {
  const iterator = blocks[Symbol.asyncIterator]();
  const { value, done } = await iterator.next();
  const first: Uint8Array = done === true ? new Uint8Array() : withoutMark(value);
  const end = first.indexOf(LINE_FEED);
  const line = new TextDecoder().decode(end < 0 ? first : first.subarray(0, end));
  // Line ends of the first Macs: a line feed ends no line, or only the whole file.
  const lineEnds = line.trimEnd().includes("\r") ? ["\r"] : ["\r\n", "\n"];
  const named = /^"?sep=([,;|\t])"?\r?$/i.exec(line)?.[1];
  const tabs = /\.tsv(?:\.gz)?$/i.test(path) || (!/[,;]/.test(line) && line.includes("\t"));
  async function* all(): AsyncGenerator<Uint8Array> {
    // The named separator's line becomes a blank one, so that lines keep their numbers.
    yield named === undefined ? first : first.subarray(end < 0 ? first.length : end);
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  }
  const found = tabs ? "\t" : line.includes(";") && !line.includes(",") ? ";" : ",";
  return { delimiter: named ?? found, lineEnds, all: all() };
}

const LINE_FEED = 10;

function withoutMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

function bytesOf(latin1: string): Uint8Array {
  return Uint8Array.from(latin1, (character) => character.charCodeAt(0));
}

function isCsvError(error: unknown): error is Error & { readonly code: string; readonly records: number } {
  return error instanceof Error && "code" in error && typeof error.code === "string" && error.code.startsWith("CSV_");
}
