// Decoding UTF-8: strict, with the place of a fault, and independent of blocks.
import assert from "node:assert/strict";
import { decodeBlocks, decodeUtf8, firstInvalidByte } from "../../../lib/data/files/utf8.ts";
import { random } from "../../../lib/random.ts";
import { inBlocks, refuses, utf8 } from "./helpers.ts";

const decodes = (bytes: Uint8Array) => {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
};
const LEADS = [0x41, 0x80, 0xbf, 0xc0, 0xc3, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0x9f, 0xa0, 0x8f, 0x90];

async function decodeInBlocks(bytes: Uint8Array, seed: number): Promise<string> {
  let text = "";
  for await (const part of decodeBlocks(inBlocks(bytes, seed), "f")) {
    assert.ok(part.isWellFormed());
    text += part;
  }
  return text;
}

Deno.test("`firstInvalidByte()` agrees with TextDecoder on random bytes", () => {
  const stream = random(1, "utf8");
  for (let i = 0; i < 3000; i++) {
    const bytes = Uint8Array.from({ length: stream.between(1, 6) }, () => stream.pick(LEADS));
    const offset = firstInvalidByte(bytes);
    assert.equal(offset === bytes.length, decodes(bytes), bytes.join());
    assert.ok(decodes(bytes.subarray(0, offset)), bytes.join());
  }
});

Deno.test("`decodeBlocks()` gives the text, or reports the invalid byte, wherever blocks end", async () => {
  const stream = random(2, "utf8");
  for (let i = 0; i < 1000; i++) {
    const bytes = Uint8Array.from({ length: stream.between(1, 9) }, () => stream.pick(LEADS));
    const invalid = firstInvalidByte(bytes);
    if (invalid === bytes.length) assert.equal(await decodeInBlocks(bytes, i), new TextDecoder().decode(bytes));
    else await refuses(() => decodeInBlocks(bytes, i), "data.not-utf8", new RegExp(`byte ${invalid} is 0x`));
  }
  const text = "a\u00e9\u4e16\u{1f642}\r\n".repeat(200);
  for (let seed = 0; seed < 20; seed++) assert.equal(await decodeInBlocks(utf8(text), seed), text);
  await refuses(() => decodeInBlocks(utf8(`${text}\0`), 1), "data.nul", new RegExp(`byte ${utf8(text).length}`));
});

Deno.test("`decodeBlocks()` drops a byte order mark at the start of a line, and only there", async () => {
  const text = "\ufeffone\n\ufefftwo \ufeff three\r\n\ufeff\n\n\ufeffend";
  for (let seed = 0; seed < 20; seed++) {
    assert.equal(await decodeInBlocks(utf8(text), seed), "one\ntwo \ufeff three\r\n\n\nend");
  }
});

Deno.test("`decodeUtf8()` adds the offset to the reported byte", async () => {
  assert.equal(decodeUtf8(utf8("\ufeffx"), "f"), "x");
  await refuses(
    () => decodeUtf8(Uint8Array.of(0x61, 0xff), "f line 3", 100),
    "data.not-utf8",
    /line 3 .*byte 101 is 0xff/,
  );
});
