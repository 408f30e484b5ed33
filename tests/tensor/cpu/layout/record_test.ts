// Records: offsets as in C, numbers as 32-bit words, tables, and parts of a block that do not overlap.
import assert from "node:assert/strict";
import { random } from "../../../../lib/random.ts";
import { arrange, createTable, record, writeRecord } from "../../../../lib/tensor/cpu/layout/record.ts";

Deno.test("`record()` aligns every field to the size of its type, and the whole to its widest", () => {
  const layout = record({ a: "u64", b: "f32", c: "u64", d: "u32[3]", e: "i64", f: "i32" });
  assert.deepEqual(layout.offsets, { a: 0, b: 8, c: 16, d: 24, e: 40, f: 48 });
  assert.equal(layout.bytes, 56);
  assert.equal(record({ a: "i32", b: "usize", list: "usize[]" }).bytes, 8);
});

Deno.test("`writeRecord()` writes fields by name, floats as their bits, and a list at the end", () => {
  const layout = record({ a: "i32", b: "f32", c: "u32", list: "usize[]" });
  const words = new Int32Array(8).fill(-1);
  const count = writeRecord(layout, { list: [5, 6, 7], c: 2 ** 32 - 2, b: 0.5, a: -3 }, words);
  assert.equal(count, 6);
  assert.deepEqual([...words], [-3, 0x3f00_0000, -2, 5, 6, 7, -1, -1]);
});

Deno.test("`createTable()` has the words of `writeRecord()`, record after record", () => {
  const layout = record({ a: "usize", b: "f32" });
  const table = createTable(layout);
  const expected: number[] = [];
  for (let i = 0; i < 20; i++) {
    const values = { b: i / 3, a: 64 * i };
    const words = new Int32Array(2);
    writeRecord(layout, values, words);
    expected.push(...words);
    table.add(values);
  }
  assert.equal(table.length, 20);
  assert.deepEqual(table.words, expected);
});

Deno.test("`arrange()` gives parts of any size cache lines of their own", () => {
  const seed = 1 + Math.floor(1000 * Math.random());
  const stream = random(seed, "arrange");
  const sizes = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`part${i}`, stream.int(300)]));
  const { places, bytes } = arrange(sizes);
  let end = 0;
  for (const [name, size] of Object.entries(sizes)) {
    assert.ok(places[name]! >= end && places[name]! % 64 === 0, `${name}, seed ${seed}`);
    end = places[name]! + size;
  }
  assert.ok(bytes >= end, `seed ${seed}`);
});
