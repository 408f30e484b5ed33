// JSON lines and JSON arrays as records.
import { UserError } from "../../errors.ts";
import type { RecordPlace } from "./records.ts";
import { placeName } from "./records.ts";
import { joinBytes } from "./blocks.ts";
import { decodeUtf8, MAX_TEXT, tooLong } from "./utf8.ts";

/** A record that has been found but not read yet: `read` throws a UserError when it is damaged. */
export interface RawRecord {
  readonly place: RecordPlace;
  readonly read: () => unknown;
}

/**
 * One record a line; blank lines are none. Lines are told apart before they are decoded, so a damaged one does not hide
 * those after it, and a byte order mark at the start of any line is dropped.
 */
export async function* jsonLines(path: string, blocks: AsyncIterable<Uint8Array>): AsyncGenerator<RawRecord> {
  for await (const { bytes, number, offset } of byteLines(blocks, path)) {
    if (isBlank(bytes)) continue;
    const place: RecordPlace = { path, unit: "line", number };
    yield {
      place,
      read: () => parseJson(decodeUtf8(bytes, placeName(place), offset), placeName(place), ONE_A_LINE),
    };
  }
}

const ONE_A_LINE = "Each line of a .jsonl or .ndjson file is one JSON object";

/**
 * The records of a `.json` file: the elements of an array of objects or strings, or one object a line. Undefined when it
 * is neither, but a text in itself, as a file of settings is.
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
  if (lines.length < 2 || !lines.slice(0, 2).every(({ line }) => isObject(parsedOrUndefined(line)))) return undefined;
  return lines.map(({ line, number }) => {
    const place: RecordPlace = { path, unit: "line", number };
    return { place, read: () => parseJson(line, placeName(place), ONE_A_LINE) };
  });
}

/** Lines as bytes, without their line feed; `offset` counts the file's bytes before the line. */
async function* byteLines(
  blocks: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<{ readonly bytes: Uint8Array; readonly number: number; readonly offset: number }> {
  let parts: Uint8Array[] = [];
  let length = 0;
  let number = 1;
  let offset = 0;
  const line = () => ({ bytes: parts.length === 1 ? parts[0]! : joinBytes(parts), number, offset });
  for await (const block of blocks) {
    let start = 0;
    for (let end = block.indexOf(LINE_FEED); end >= 0; end = block.indexOf(LINE_FEED, start)) {
      parts.push(block.subarray(start, end));
      length += end - start;
      yield line();
      offset += length + 1;
      number++;
      [parts, length] = [[], 0];
      start = end + 1;
    }
    if (start === block.length) continue;
    parts.push(block.subarray(start));
    length += block.length - start;
    if (length > MAX_TEXT) throw tooLong(`${path} line ${number}`);
  }
  if (length > 0) yield line();
}

const LINE_FEED = 10;
const BLANKS = new Set([0x20, 0x09, 0x0d, 0xef, 0xbb, 0xbf]); // with the bytes of a byte order mark

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => BLANKS.has(byte));
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parsedOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // JSON.parse has no other reason to throw
  }
}

function parseJson(text: string, where: string, hint: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // The message quotes the text, whose characters may be invisible or act on a terminal.
    const reason = (error as SyntaxError).message.replace(
      /[^\P{C}\n]/gu,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    throw new UserError("data.bad-json", `${where} is not JSON: ${reason}`, hint);
  }
}
