// One line of an event log as bytes: JSON whose last member, `crc`, is the checksum of all before it.
import { crc32 } from "node:zlib";

const SEAL = /^,"crc":"([0-9a-f]{8})"\}$/;
const SEAL_BYTES = ',"crc":"00000000"}'.length;

const encoder = new TextEncoder();

/** A line of the log for an object, with its checksum and the line end. */
export function sealLine(value: object): Uint8Array<ArrayBuffer> {
  const body = JSON.stringify(value).slice(0, -1);
  return encoder.encode(`${body},"crc":"${checksum(encoder.encode(body))}"}\n`);
}

/** What a line holds. */
export type OpenedLine =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "damaged"; readonly reason: string };

/** Reads a line without its line end. Lines of the first version have no checksum. */
export function openLine(bytes: Uint8Array): OpenedLine {
  const tail = bytes.subarray(-SEAL_BYTES);
  const sum = SEAL.exec(String.fromCharCode(...tail))?.[1];
  if (sum !== undefined && checksum(bytes.subarray(0, -SEAL_BYTES)) !== sum) {
    return { kind: "damaged", reason: "its checksum does not fit" };
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const value = JSON.parse(text);
    if (sum !== undefined) delete value.crc;
    return { kind: "value", value };
  } catch (error) {
    return { kind: "damaged", reason: error instanceof SyntaxError ? "it is not JSON" : "it is not UTF-8" };
  }
}

/** CRC-32 (ISO 3309), as eight hexadecimal digits. */
function checksum(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, "0");
}
