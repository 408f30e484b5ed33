// Short forms of long texts: short, and different for texts that differ.
import assert from "node:assert/strict";
import { shortTexts } from "../../../lib/serve/client/common/short-texts.ts";
import { random } from "../../../lib/random.ts";

const count = (text: string) => [...new Intl.Segmenter().segment(text)].length;

Deno.test("short texts stay, and long ones are cut in the middle", () => {
  const texts = ["good", "x".repeat(20), "sweep:20261122-101110-bts-smoke-k3f9"];
  const short = shortTexts(texts, 20);
  assert.equal(short.get("good"), "good");
  assert.equal(short.get(texts[1]!), texts[1]);
  assert.equal(short.get(texts[2]!), "sweep:…smoke-k3f9");
});

Deno.test("texts that begin and end alike show where they differ", () => {
  const texts = [1, 2].map((i) => `sweep:20261122-101${i}10-bts-smoke-many-words-here`);
  const short = [...shortTexts(texts, 20).values()];
  assert.notEqual(short[0], short[1]);
  assert.match(short[0]!, /^swee….*110/);
  assert.match(short[1]!, /^swee….*210/);
});

Deno.test("an emoji or a letter with marks is never cut in two", () => {
  const family = "👩‍👩‍👧‍👦";
  const [text = ""] = shortTexts([family.repeat(30)], 9).values();
  assert.equal(text, `${family.repeat(3)}…${family.repeat(5)}`);
});

Deno.test("any two texts that differ in one place have different short forms", () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  const draw = random(seed);
  for (let round = 0; round < 300; round++) {
    const most = draw.between(8, 40);
    const text = Array.from({ length: draw.between(1, 200) }, () => draw.pick([..."abcdef:-é"])).join("");
    const at = draw.int(text.length);
    const other = `${text.slice(0, at)}XYZ${text.slice(at + 1)}`;
    const short = shortTexts([text, other, text], most);
    const where = `seed ${seed}, round ${round}: ${JSON.stringify([text, other, ...short.values()])}`;
    assert.equal(short.size, 2, where);
    assert.notEqual(short.get(text), short.get(other), where);
    for (const form of short.values()) assert.ok(count(form) <= most, where);
  }
});
