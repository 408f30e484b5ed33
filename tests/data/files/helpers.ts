// Helpers for tests of the user's files.
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { UserError } from "../../../lib/errors.ts";
import { random } from "../../../lib/random.ts";

export type Content = string | Uint8Array;

/** Runs with files in a temporary folder. */
export async function withFiles(
  files: Readonly<Record<string, Content>>,
  body: (folder: string) => void | Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      if (name.includes("/")) {
        await Deno.mkdir(`${folder}/${name.slice(0, name.lastIndexOf("/"))}`, { recursive: true });
      }
      await Deno.writeFile(`${folder}/${name}`, typeof content === "string" ? utf8(content) : content);
    }
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Asserts a UserError with this code, whose message and hint match. */
export async function refuses(load: () => unknown, code: string, message: RegExp, hint = /./): Promise<void> {
  await assert.rejects(async () => await load(), (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /[.\n]$/);
    if (error.hint !== undefined) assert.match(error.hint, hint);
    return true;
  });
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Text encoded as Latin-1, which is not UTF-8 if it has characters such as `é`. */
export const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

export const gz = (content: Content): Uint8Array => new Uint8Array(gzipSync(content));

/** A Parquet file of one column: strings, or byte strings without a type. */
export function parquet(column: string, data: readonly unknown[], type: "STRING" | "BYTE_ARRAY" = "STRING") {
  return new Uint8Array(parquetWriteBuffer({ columnData: [{ name: column, data: [...data], type }] }));
}

/** Bytes in random blocks of up to nine, some of them empty. */
export async function* inBlocks(bytes: Uint8Array, seed: number): AsyncGenerator<Uint8Array> {
  const stream = random(seed, "blocks");
  for (let at = 0; at < bytes.length;) {
    const size = stream.int(10);
    yield bytes.slice(at, at + size);
    at += size;
  }
}
