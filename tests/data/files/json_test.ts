// JSON lines: files of any size, with lines up to the longest string.
import assert from "node:assert/strict";
import { jsonLines } from "../../../lib/data/files/json.ts";
import { wholeText } from "../../../lib/data/files/plain.ts";
import { inBlocks, refuses, utf8 } from "./helpers.ts";

async function* repeated<T>(block: T, times: number): AsyncGenerator<T> {
  for (let i = 0; i < times; i++) yield block;
}

Deno.test("`jsonLines()` reads more text than fits into a string", async () => {
  const block = utf8(JSON.stringify({ text: "x".repeat(4_000_000) }) + "\n");
  let [records, bytes, last] = [0, 0, 0];
  for await (const batch of jsonLines("f", repeated(block, 140))) {
    for (const { place, read } of batch) {
      records++;
      bytes += (read() as { text: string }).text.length;
      last = place.number;
    }
  }
  assert.deepEqual([records, bytes, last], [140, 560_000_000, 140]);
});

Deno.test("a document that does not fit into a string is refused as too long, not as invalid UTF-8", async () => {
  const bytes = new Uint8Array(1 << 26).fill(0x78);
  const lines = async () => {
    for await (const _ of jsonLines("f.jsonl", repeated(bytes, 9)));
  };
  await refuses(lines, "data.too-long", /f\.jsonl line 1 has more than 512 MB of text in one document/);
  const text = "x".repeat(1 << 26);
  await refuses(() => wholeText(repeated(text, 9), "f.md"), "data.too-long", /f\.md has more than 512 MB/);
});

Deno.test("`jsonLines()` numbers lines correctly wherever blocks end, also with damaged lines", async () => {
  const lines = ['{"text":"one"}', "", '\ufeff{"text":"zwei é"}\r', "  ", '{"text":"three"}', "{", '{"text":"世"}'];
  const whole = utf8(lines.join("\n"));
  const damaged = whole.slice();
  damaged[5] = 0xff;
  for (let seed = 0; seed < 50; seed++) {
    const read = async (bytes: Uint8Array) => {
      const found: [number, unknown][] = [];
      for await (const batch of jsonLines("f", inBlocks(bytes, seed))) {
        for (const { place, read } of batch) {
          try {
            found.push([place.number, (read() as { text: string }).text]);
          } catch (error) {
            found.push([place.number, (error as { code: string }).code]);
          }
        }
      }
      return found;
    };
    const rest = [[3, "zwei é"], [5, "three"], [6, "data.bad-json"], [7, "世"]];
    assert.deepEqual(await read(whole), [[1, "one"], ...rest]);
    assert.deepEqual(await read(damaged), [[1, "data.not-utf8"], ...rest]);
  }
});
