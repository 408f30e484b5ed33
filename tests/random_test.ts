// Seeded random numbers: reproducible, named streams independent, uniform.
import assert from "node:assert/strict";
import { hash32, random } from "../lib/random.ts";

Deno.test("`random()` gives the same numbers for the same seed and names, and other numbers for others", () => {
  const draw = (...key: Parameters<typeof random>) => Array.from({ length: 8 }, random(...key).uint32);
  assert.deepEqual(draw(7, "a", 1), draw(7, "a", 1));
  const streams = [draw(7), draw(8), draw(7, "a"), draw(7, "b"), draw(7, "a", 1), draw(-7), draw(7 + 2 ** 32)];
  assert.equal(new Set(streams.flat()).size, 8 * streams.length);
});

Deno.test("`random()` stays what it was: runs of earlier versions can be repeated", () => {
  const stream = random(1, "pinned");
  assert.deepEqual([stream.uint32(), stream.uint32(), stream.int(1000)], [1884737871, 3601804929, 902]);
});

Deno.test("`random()` is uniform: `float()` and `int()` by a chi-square test, `normal()` by its moments", () => {
  const stream = random(3, "uniform");
  const draws = 20_000;
  const chiSquare = (next: () => number) => {
    const counts = new Array(10).fill(0);
    for (let i = 0; i < draws; i++) counts[next()]++;
    return counts.reduce((sum, count) => sum + (count - draws / 10) ** 2 / (draws / 10), 0);
  };
  // The 0.9999 quantile with 9 degrees of freedom is 33.7.
  assert.ok(chiSquare(() => stream.int(10)) < 33.7);
  assert.ok(chiSquare(() => Math.floor(stream.float() * 10)) < 33.7);
  let sum = 0, squares = 0;
  for (let i = 0; i < draws; i++) {
    const value = stream.normal();
    sum += value;
    squares += value * value;
  }
  assert.ok(Math.abs(sum / draws) < 0.03);
  assert.ok(Math.abs(squares / draws - 1) < 0.05);
});

Deno.test("`random().shuffle()` permutes a copy", () => {
  const list = Array.from({ length: 50 }, (_, i) => i);
  const shuffled = random(5).shuffle(list);
  assert.notDeepEqual(shuffled, list);
  assert.deepEqual(shuffled.toSorted((a, b) => a - b), list);
});

Deno.test("`random()` refuses an empty choice", () => {
  assert.throws(() => random(1).pick([]), /empty list/);
  assert.throws(() => random(1).int(0), /from 1 to 2\^32/);
});

Deno.test("`hash32()` tells keys apart and changes half of the bits for a neighbour", () => {
  assert.notEqual(hash32("ab", "c"), hash32("a", "bc"));
  assert.notEqual(hash32(0), hash32(2 ** 32));
  assert.notEqual(hash32(1), hash32(-1));
  let flipped = 0;
  for (let i = 0; i < 1000; i++) {
    let difference = hash32(9, "step", i) ^ hash32(9, "step", i + 1);
    for (; difference !== 0; difference &= difference - 1) flipped++;
  }
  assert.ok(Math.abs(flipped / 32_000 - 0.5) < 0.02);
});
