// Sets of code points against plain sets, and UTF-8 against TextEncoder.
import assert from "node:assert/strict";
import {
  ANY,
  both,
  codePoints,
  complement,
  matching,
  union,
  utf8Sequences,
} from "../../../lib/infer/constraint/code-points.ts";
import { random } from "../../../lib/random.ts";

const SEED = crypto.getRandomValues(new Uint32Array(1))[0]!;
console.log(`seed ${SEED}`);

const BORDERS = [
  0,
  0x7f,
  0x80,
  0x7ff,
  0x800,
  0xfff,
  0x1000,
  0xd7ff,
  0xe000,
  0xffff,
  0x10000,
  0x3ffff,
  0x40000,
  0x10ffff,
];

/** A code point near a border of UTF-8. */
function somewhere(stream: ReturnType<typeof random>): number {
  const code = Math.min(0x10ffff, Math.max(0, stream.pick(BORDERS) + stream.between(-70, 70)));
  return code >= 0xd800 && code <= 0xdfff ? 0xe000 : code;
}

Deno.test("`utf8Sequences()` writes all of a range and nothing else", () => {
  for (let round = 0; round < 300; round++) {
    const stream = random(SEED, "utf-8", round);
    const [a, b] = [somewhere(stream), somewhere(stream)];
    const set = codePoints(Math.min(a, b), Math.max(a, b));
    const sequences = Array.from({ length: set.length / 2 }, (_, i) => utf8Sequences(set[2 * i]!, set[2 * i + 1]!))
      .flat();
    // Disjoint sequences with the right number of texts, of which those at all borders are right.
    const count = sequences.reduce((sum, one) => {
      let product = 1;
      for (let i = 0; i < one.length; i += 2) product *= one[i + 1]! - one[i]! + 1;
      return sum + product;
    }, 0);
    let expected = 0;
    for (let i = 0; i < set.length; i += 2) expected += set[i + 1]! - set[i]! + 1;
    assert.equal(count, expected);
    for (let k = 0; k < 50; k++) {
      const code = k < 4 ? [a, b, a + 1, b - 1][k]! : somewhere(stream);
      if (code < 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) continue;
      const bytes = new TextEncoder().encode(String.fromCodePoint(code));
      const found = sequences.filter((one) =>
        one.length === 2 * bytes.length && bytes.every((byte, i) => one[2 * i]! <= byte && byte <= one[2 * i + 1]!)
      );
      assert.equal(found.length, code >= Math.min(a, b) && code <= Math.max(a, b) ? 1 : 0, code.toString(16));
    }
  }
});

Deno.test("unions, intersections and complements are those of plain sets", () => {
  const has = (set: readonly number[], code: number) =>
    set.some((first, i) => i % 2 === 0 && first <= code && code <= set[i + 1]!);
  for (let round = 0; round < 300; round++) {
    const stream = random(SEED, "sets", round);
    const some = () =>
      codePoints(
        ...Array.from({ length: stream.int(4) }, () => {
          const first = somewhere(stream);
          return [first, first + stream.int(100)];
        }).flat(),
      );
    const [a, b] = [some(), some()];
    for (let k = 0; k < 60; k++) {
      const code = somewhere(stream);
      assert.equal(has(union(a, b), code), has(a, code) || has(b, code));
      assert.equal(has(both(a, b), code), has(a, code) && has(b, code));
      assert.equal(has(complement(a), code), !has(a, code));
    }
    assert.deepEqual(union(a, complement(a)), ANY);
    assert.deepEqual(complement(complement(a)), a);
  }
});

Deno.test("`matching()` finds the characters of a property", () => {
  assert.deepEqual(matching("\\p{Nd}").slice(0, 2), [0x30, 0x39]);
  const letters = matching("\\p{L}");
  const stream = random(SEED, "letters");
  for (let k = 0; k < 3000; k++) {
    const code = k < 1000 ? k : somewhere(stream);
    const isFound = letters.some((first, i) => i % 2 === 0 && first <= code && code <= letters[i + 1]!);
    assert.equal(isFound, /\p{L}/u.test(String.fromCodePoint(code)), code.toString(16));
  }
});
