// Reads records from JSON lines and JSON arrays.
import { UserError } from "../../errors.ts";
import type { RecordPlace } from "./records.ts";
import { placeName } from "./records.ts";
import { joinBytes } from "./blocks.ts";
import { decodeUtf8, MAX_TEXT, tooLong } from "./utf8.ts";

/** A record that has been located but not read yet. `read` throws a UserError if it is damaged. */
export interface RawRecord {
  readonly place: RecordPlace;
  readonly read: () => unknown;
}

/**
 * One record per line, in batches, ignoring blank lines. A damaged line does not affect those after it. A byte order mark
 * at the start of any line is dropped.
 */
export async function* jsonLines(path: string, blocks: AsyncIterable<Uint8Array>): AsyncGenerator<RawRecord[]> {
  for await (const { bytes, number, offset } of wholeLines(blocks, path)) {
    const text = plainText(bytes);
    yield text === undefined
      ? damagedRecords(path, bytes, number, offset)
      : text.split("\n").flatMap((line, i) =>
        lineRecord(path, number + i, line.startsWith("\ufeff") ? line.slice(1) : line)
      );
  }
}

function lineRecord(path: string, number: number, line: string): RawRecord[] {
  if (line.trim() === "") return [];
  const place: RecordPlace = { path, unit: "line", number };
  return [{ place, read: () => parseJson(line, placeName(place), ONE_A_LINE) }];
}

/** Lines that are not all valid text, decoded one by one. */
function damagedRecords(path: string, bytes: Uint8Array, first: number, offset: number): RawRecord[] {
  const records: RawRecord[] = [];
  let start = 0;
  for (let number = first; start <= bytes.length; number++) {
    const found = bytes.indexOf(LINE_FEED, start);
    const end = found < 0 ? bytes.length : found;
    const line = bytes.subarray(start, end);
    const at = offset + start;
    const place: RecordPlace = { path, unit: "line", number };
    const read = () => parseJson(decodeUtf8(line, placeName(place), at), placeName(place), ONE_A_LINE);
    const text = plainText(line);
    if (text === undefined) records.push({ place, read });
    else records.push(...lineRecord(path, number, text));
    start = end + 1;
  }
  return records;
}

/** The text of bytes, or undefined if they are not valid text. */
function plainText(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined; // decoding line by line meets the same fault and reports it
  }
}

const ONE_A_LINE = "Each line of a .jsonl or .ndjson file is one JSON object";

/**
 * The records of a `.json` file: the elements of an array of objects or strings, or one object per line. Undefined for any
 * other file, such as a configuration file, which is a text in itself.
 *
 * @throws UserError for an array that is not JSON
 */
export function jsonRecords(path: string, text: string): RawRecord[] | undefined {
  const start = /\S/.exec(text)?.[0];
  if (start === "[") {
    const values = parseJson(text, path, "A .json file of records is one array: [{…}, {…}]") as unknown[];
    if (values.length > 0 && !values.some((value) => typeof value === "string" || isObject(value))) return undefined;
    return values.map((value, i) => ({ place: { path, unit: "element", number: i + 1 }, read: () => value }));
  }
  if (start !== "{") return undefined;
  const lines = text.split("\n").map((line, i) => ({ line, number: i + 1 })).filter(({ line }) => line.trim() !== "");
  // A complete object with more text after it is not one JSON text.
  if (lines.length < 2 || !isObject(parsedOrUndefined(lines[0]!.line))) return undefined;
  return lines.map(({ line, number }) => {
    const place: RecordPlace = { path, unit: "line", number };
    return { place, read: () => parseJson(line, placeName(place), ONE_A_LINE) };
  });
}

/** Runs of complete lines, without the last line feed; `offset` is the number of bytes before them. */
async function* wholeLines(
  blocks: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<{ readonly bytes: Uint8Array; readonly number: number; readonly offset: number }> {
  let parts: Uint8Array[] = [];
  let length = 0;
  let number = 1;
  let offset = 0;
  for await (const block of blocks) {
    const end = block.lastIndexOf(LINE_FEED);
    if (end >= 0) {
      const bytes = joinBytes([...parts, block.subarray(0, end)]);
      yield { bytes, number, offset };
      offset += bytes.length + 1;
      number += countOf(bytes, LINE_FEED) + 1;
      [parts, length] = [[], 0];
    }
    parts.push(block.subarray(end + 1));
    length += block.length - end - 1;
    if (length > MAX_TEXT) throw tooLong(`${path} line ${number}`);
  }
  if (length > 0) yield { bytes: joinBytes(parts), number, offset };
}

function countOf(bytes: Uint8Array, wanted: number): number {
  let count = 0;
  for (const byte of bytes) if (byte === wanted) count++;
  return count;
}

const LINE_FEED = 10;

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parsedOrUndefined(text: string): unknown {
  try {
    return parseTolerantly(text);
  } catch {
    return undefined; // JSON.parse throws for no other reason
  }
}

/** Parses JSON in which `NaN` and `Infinity`, which Python's `json` writes, count as null. */
function parseTolerantly(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const plain = text.replace(
      /"[^"\\]*(?:\\.[^"\\]*)*"|-?\b(?:NaN|Infinity)\b/g,
      (token) => token.startsWith('"') ? token : "null",
    );
    try {
      if (plain !== text) return JSON.parse(plain);
    } catch { /* the first error is about the original text */ }
    throw error;
  }
}

function parseJson(text: string, where: string, hint: string): unknown {
  try {
    return parseTolerantly(text);
  } catch (error) {
    // The message quotes the text, which may have invisible characters or terminal controls.
    const reason = (error as SyntaxError).message.replace(
      /[^\P{C}\n]/gu,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    throw new UserError("data.bad-json", `${where} is not JSON: ${reason}`, hint);
  }
}
