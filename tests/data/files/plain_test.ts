// Documents of plain text, however it arrives.
import assert from "node:assert/strict";
import { plainDocuments } from "../../../lib/data/files/plain.ts";
import { cutText } from "../../../lib/data/text/cut.ts";
import { random } from "../../../lib/random.ts";

async function documents(text: string, seed: number, longest?: number): Promise<string[]> {
  const stream = random(seed, "blocks");
  async function* blocks() {
    for (let at = 0; at < text.length;) {
      const size = stream.between(1, 40);
      yield text.slice(at, at + size);
      at += size;
    }
  }
  const found: string[] = [];
  for await (const one of plainDocuments(blocks(), longest === undefined ? {} : { longest })) found.push(one);
  return found;
}

const END = "<|endoftext|>";

Deno.test("`plainDocuments()` finds separators wherever blocks end", async () => {
  const parts = ["one", "two <|endof", "text|>", "", " \n", "three\n\nlines"];
  for (let seed = 0; seed < 40; seed++) {
    assert.deepEqual(await documents(parts.join(END), seed), ["one", "two <|endof", "text|>", "three\n\nlines"]);
    assert.deepEqual(await documents(`${END}one${END}`, seed), ["one"]);
    assert.deepEqual(await documents(END + END, seed), []);
    assert.deepEqual(await documents("", seed), []);
  }
});

Deno.test("`plainDocuments()` cuts running text, also if a separator ends it", async () => {
  const stream = random(1, "plain");
  const text = Array.from({ length: 3000 }, () => stream.pick(["word", "is.", "The", "\n\n", "a"])).join(" ");
  const cut = cutText(text);
  assert.ok(cut.length > 2);
  assert.deepEqual(await documents(text, 1), cut);
  assert.deepEqual(await documents(`${text}${END}\n`, 2), cut);
});

Deno.test("`plainDocuments()` cuts a separated document that is too long to stay whole", async () => {
  const long = Array.from({ length: 2000 }, (_, i) => `word${i}`).join(" ");
  assert.deepEqual(await documents(`a${END}${long}${END}b`, 1), ["a", long, "b"]);
  const found = await documents(`${long}${END}a${END}b`, 1, 5000);
  assert.deepEqual(found, [...cutText(long), "a", "b"]);
});
