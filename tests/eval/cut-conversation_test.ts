// Conversations are scored in windows: every scored token once, with the bytes of the scored text.
import assert from "node:assert/strict";
import { encodeScored } from "../../lib/data/mod.ts";
import { cutConversation } from "../../lib/eval/cut-conversation.ts";
import { bitsPerByte, evaluationWindows, heldOut } from "../../lib/eval/mod.ts";
import { openDevice } from "../../lib/tensor/mod.ts";
import { bigramModel, byteTokenizer } from "./fakes.ts";

const text = `user: ${"why? ".repeat(40)}|Because.|user: and?|${"So it is, é! ".repeat(9)}|user: thanks|`;
const scored = [...text.matchAll(/(?<=\|)[A-Z][^|]*\|/g)].map(({ 0: words, index }) =>
  [index, index + words.length] as const
);
const bytesOf = (words: string) => new TextEncoder().encode(words).length;

Deno.test("`cutConversation()` scores every scored token once, after the token before it", () => {
  const wanted = encodeScored(text, scored, byteTokenizer);
  for (const time of [4, 17, 64, 1000]) {
    const windows = cutConversation(text, { scored, opening: 0 }, byteTokenizer, time);
    const found = windows.flatMap((window) => [...window.tokens].filter((_, i) => window.scored[i] === 1));
    assert.deepEqual(found, wanted.ids.filter((_, i) => wanted.scored[i] === 1), `time ${time}`);
    assert.ok(
      windows.every(({ tokens, scored }) => tokens.length <= time + 1 && scored[0] === 0 && scored.includes(1)),
    );
    assert.equal(
      windows.reduce((sum, { bytes }) => sum + bytes, 0),
      scored.reduce((sum, [from, to]) => sum + bytesOf(text.slice(from, to)), 0),
    );
  }
  const [all] = cutConversation("uber", { scored: [[0, 4]], opening: 0 }, byteTokenizer, 10);
  assert.equal(all!.bytes, 3, "the first token is not scored");
});

Deno.test("`bitsPerByte()` of a conversation counts the scored tokens alone, and so do its predictions", async () => {
  await using _device = await openDevice("reference");
  // Every token costs as many nats as the logits say, whatever comes before it.
  const model = bigramModel(257, (_, to) => -to / 100);
  const total = Math.log(Array.from({ length: 257 }, (_, to) => Math.exp(-to / 100)).reduce((a, b) => a + b));
  const documents = [{ id: "a", text, chat: { scored, opening: 0 } }];
  const windows = evaluationWindows(documents, byteTokenizer, { time: 50 });
  const { bpb } = await bitsPerByte(model, windows);
  const bytes = scored.flatMap(([from, to]) => byteTokenizer.encode(text.slice(from, to)));
  const nats = bytes.reduce((sum, id) => sum + id / 100 + total, 0);
  assert.ok(Math.abs(bpb.value - nats / Math.LN2 / bytes.length) < 1e-4);
  const { predictions } = await heldOut(model, windows);
  assert.equal(predictions![0]!.right.length, bytes.length);
});
