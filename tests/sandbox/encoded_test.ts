// Values on their way to a generated program and back, and when two of them are the same.
import assert from "node:assert/strict";
import { type Encoded, encodedEquals, encodedText, startProgram } from "../../lib/sandbox/mod.ts";

/** Values and their text, all different from each other. */
const VALUES: readonly (readonly [Encoded, string])[] = [
  [null, "null"],
  [{ $: "undefined" }, "undefined"],
  [true, "true"],
  [0, "0"],
  [{ $: "number", value: "NaN" }, "NaN"],
  [{ $: "number", value: "-Infinity" }, "-Infinity"],
  ["", '""'],
  ["0\n\ud800é", '"0\\n\\ud800é"'],
  [{ $: "bigint", value: "123456789012345678901234567890" }, "123456789012345678901234567890n"],
  [[], "[]"],
  [[0, [1]], "[0, [1]]"],
  [[1, [0]], "[1, [0]]"],
  [{}, "{}"],
  [{ a: { $: "undefined" } }, "{a: undefined}"],
  [JSON.parse('{"__proto__": 1}'), "{__proto__: 1}"],
  [{ $: "object", value: [["$", "number"], ["value", "NaN"]] }, '{$: "number", value: "NaN"}'],
  [{ $: "map", value: [[1, "x"], [[2], null]] }, 'new Map([[1, "x"], [[2], null]])'],
  [{ $: "set", value: [1, "1"] }, 'new Set([1, "1"])'],
  [{ $: "date", value: 1000 }, "new Date(1000)"],
  [{ $: "array", value: ["Uint8Array", [1, 2]] }, "new Uint8Array([1, 2])"],
  [{ $: "array", value: ["Float32Array", [1, 2]] }, "new Float32Array([1, 2])"],
];

Deno.test("values reach a program and come back unchanged", async () => {
  await using program = await startProgram("const same = (value) => value;", "same");
  for (const [value] of VALUES) {
    assert.deepEqual(await program.call([value]), { kind: "returned", value });
  }
  const minusZero = { $: "number", value: "-0" };
  assert.deepEqual(await program.call([minusZero]), { kind: "returned", value: minusZero });
});

Deno.test("cycles, classes, holes and functions come back as what they are", async () => {
  await using program = await startProgram(
    `class Point { #hidden = 1; constructor(public x: number, private y: number) {} get sum() { return 0; } }
    function make(what: string): unknown {
      const cycle: unknown[] = [1];
      cycle.push({ cycle });
      return { cycle, point: new Point(1, 2), hole: [, 1], f: () => 1, symbol: Symbol("a") }[what];
    }`,
    "make",
  );
  const made = async (what: string) => {
    const result = await program.call([what]);
    return result.kind === "returned" ? result.value : result;
  };
  assert.deepEqual(await made("cycle"), [1, { cycle: { $: "cycle", value: 2 } }]);
  assert.deepEqual(await made("point"), { x: 1, y: 2 });
  assert.deepEqual(await made("hole"), [{ $: "undefined" }, 1]);
  for (const what of ["f", "symbol"]) {
    const value = await made(what) as Encoded;
    assert.equal(encodedEquals(value, value), false, what);
  }
});

Deno.test("`encodedEquals()` tells all different values apart", () => {
  for (const [i, [a]] of VALUES.entries()) {
    for (const [j, [b]] of VALUES.entries()) {
      assert.equal(encodedEquals(a, b, 1e-9), i === j, `${encodedText(a)} and ${encodedText(b)}`);
    }
  }
});

Deno.test("`encodedEquals()`: zeros, tolerance and order", () => {
  const minusZero = { $: "number", value: "-0" }, nan = { $: "number", value: "NaN" };
  const infinity = { $: "number", value: "Infinity" };
  assert.ok(encodedEquals(minusZero, minusZero) && encodedEquals(minusZero, 0) && !encodedEquals(0, minusZero));
  assert.ok(!encodedEquals(0.1 + 0.2, 0.3) && encodedEquals(0.1 + 0.2, 0.3, 1e-12));
  assert.ok(encodedEquals(1e9 + 1, 1e9, 1e-8) && !encodedEquals(1e9 + 100, 1e9, 1e-8));
  for (const value of [nan, infinity]) assert.ok(!encodedEquals(1, value, 1e300) && !encodedEquals(value, 1, 1e-3));
  assert.ok(encodedEquals({ a: 1, b: 2 }, { b: 2, a: 1 }) && !encodedEquals({ a: 1 }, { a: 1, b: 2 }));
  assert.ok(encodedEquals({ $: "set", value: [[1], [2]] }, { $: "set", value: [[2], [1]] }));
  assert.ok(!encodedEquals({ $: "set", value: [1, 1] }, { $: "set", value: [1, 2] }), "each member counts once");
  assert.ok(!encodedEquals([1, 2], [2, 1]) && !encodedEquals([1], [1, 1]));
  // What only a program that writes replies itself would send.
  for (
    const forged of [{ $: "map" }, { $: "array", value: 1 }, { $: "set", value: { length: 0 } }, { $: "__proto__" }]
  ) {
    for (const [value] of VALUES) assert.equal(encodedEquals(forged as Encoded, value), false);
  }
});

Deno.test("`encodedText()` cuts what is long without writing all of it", () => {
  const long = Array.from({ length: 1e6 }, () => "word");
  assert.ok(encodedText(long, 50).length <= 51);
  assert.ok(encodedText("x".repeat(1e6), 50).length <= 51);
  for (const [value, text] of VALUES) assert.equal(encodedText(value), text);
});
