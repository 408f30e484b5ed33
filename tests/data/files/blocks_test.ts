// Reading files in blocks: complete, decompressed, and never half.
import assert from "node:assert/strict";
import { fileBytes, joinBytes, type OpenFile, readBlocks } from "../../../lib/data/files/blocks.ts";
import { random } from "../../../lib/random.ts";
import { gz, refuses, withFiles } from "./helpers.ts";

async function readAll(file: OpenFile, path: string): Promise<Uint8Array> {
  const blocks: Uint8Array[] = [];
  for await (const block of readBlocks(file, path)) blocks.push(block);
  return joinBytes(blocks);
}

Deno.test("`readBlocks()` refuses a file that shrinks or grows while it is read", async () => {
  const fake = (sizes: number[], chunks: number[]) => ({
    stat: () => Promise.resolve({ size: sizes.shift()! }),
    read: () => Promise.resolve(chunks.shift() ?? null),
  });
  assert.equal((await readAll(fake([10, 10], [4, 6]), "f")).length, 10);
  await refuses(() => readAll(fake([10, 6], [4, 2]), "f.txt"), "data.changed", /f\.txt changed .* 10 bytes, then 6/);
  await refuses(() => readAll(fake([10, 15], [10]), "f.txt"), "data.changed", /f\.txt changed/);
});

Deno.test("`fileBytes()` gives every byte of a file larger than a block, gzipped or not", () => {
  const stream = random(1, "bytes");
  const bytes = Uint8Array.from({ length: 3_500_000 }, () => stream.int(256));
  return withFiles({ "a": bytes, "b.gz": gz(bytes) }, async (folder) => {
    assert.deepEqual(await fileBytes(`${folder}/a`), bytes);
    assert.deepEqual(await fileBytes(`${folder}/b.gz`), bytes);
    await refuses(() => fileBytes(`${folder}/no`), "data.unreadable", /no cannot be read: No such file/);
  });
});
