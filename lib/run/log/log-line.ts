// One line of an event log as bytes: JSON whose last member, `crc`, is the checksum of all before it.
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";

const CHECKSUM = /^,"crc":"([0-9a-f]{8})"\}$/;
const CHECKSUM_BYTES = ',"crc":"00000000"}'.length;
const CARRIAGE_RETURN = 13;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** A line of the log for an object, with its checksum and the line end. */
export function encodeLine(value: object): Uint8Array<ArrayBuffer> {
  const body = JSON.stringify(value).slice(0, -1);
  return encoder.encode(`${body},"crc":"${checksum(encoder.encode(body))}"}\n`);
}

/** What a line holds. */
export type DecodedLine =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "damaged"; readonly reason: string };

/**
 * Decodes a line without its line end. Lines of version 1 have no checksum. A byte order mark before it and a carriage
 * return after it, which editors and git's `autocrlf` add, are no part of the event and are left out.
 */
export function decodeLine(line: Uint8Array): DecodedLine {
  const bytes = withoutMarks(line);
  const tail = bytes.subarray(-CHECKSUM_BYTES);
  const sum = CHECKSUM.exec(Buffer.from(tail.buffer, tail.byteOffset, tail.length).toString("latin1"))?.[1];
  if (sum !== undefined && checksum(bytes.subarray(0, -CHECKSUM_BYTES)) !== sum) {
    return { kind: "damaged", reason: "its checksum does not match" };
  }
  try {
    const value = JSON.parse(decoder.decode(bytes));
    if (sum !== undefined) delete value.crc;
    return { kind: "value", value };
  } catch (error) {
    const reason = error instanceof SyntaxError ? "it is not JSON" : "it is not UTF-8";
    return { kind: "damaged", reason: bytes.length === 0 ? "it is empty" : reason };
  }
}

function withoutMarks(line: Uint8Array): Uint8Array {
  const start = line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf ? 3 : 0;
  return line.subarray(start, line.at(-1) === CARRIAGE_RETURN ? -1 : line.length);
}

/** CRC-32 (ISO 3309), as eight hexadecimal digits. */
function checksum(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, "0");
}
