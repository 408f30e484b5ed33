// TFRecord, the format of TensorFlow's record files: each record with its length, both checked by masked CRC-32C.
// https://github.com/tensorflow/tensorflow/blob/v2.19.0/tensorflow/core/lib/io/record_writer.h
import { joined } from "./protobuf.ts";

/** A record as it is in a file. */
export function tfRecord(record: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(record.length), true);
  return joined([length, checksum(length), record, checksum(record)]);
}

/** CRC-32C rotated and shifted, so that data that contains checksums of its own does not defeat it. */
function checksum(bytes: Uint8Array): Uint8Array {
  const crc = crc32c(bytes);
  const masked = new Uint8Array(4);
  new DataView(masked.buffer).setUint32(0, ((crc >>> 15) | (crc << 17)) + 0xa282ead8, true);
  return masked;
}

/** Remainders of each byte by Castagnoli's polynomial, bits reversed. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0x82f63b78 : rest >>> 1;
  return rest;
});

/** CRC-32C of some bytes (RFC 3720, appendix B.4). */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 255]!;
  return (crc ^ 0xffffffff) >>> 0;
}
