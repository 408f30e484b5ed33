// TFRecord and its checksum, against published values.
import assert from "node:assert/strict";
import { crc32c, tfRecord } from "../../../../lib/export/run/tensorboard/tfrecord.ts";

Deno.test("`crc32c()` has the values of RFC 3720, appendix B.4", () => {
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, at) => at)), 0x46dd794e);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, at) => 31 - at)), 0x113fdb5c);
  assert.equal(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
});

Deno.test("`tfRecord()` writes length and data, each with its masked checksum", () => {
  const event = Uint8Array.fromHex("0900000000000000001a0d627261696e2e4576656e743a32");
  // What TensorBoard 2.21's RecordWriter writes for these bytes.
  const written = "1800000000000000a37f4b22" + event.toHex() + "eedf28a3";
  assert.equal(tfRecord(event).toHex(), written);
});
