// Attention to cached keys and values: against attention over whole sequences, and bit for bit whatever is computed with
// a query.
import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { random } from "../../lib/random.ts";
import {
  cachedAttention,
  type CachedSequence,
  disposeKeyValues,
  forkKeyValues,
  type KeyValues,
  keyValues,
  openDevice,
  rope,
  ropeFrequencies,
  ropeTable,
  ropeTableOfRows,
  windowAttention,
} from "../../lib/tensor/mod.ts";
import { deviceTest } from "../backends.ts";
import { products } from "../products.ts";
import { assertClose } from "../tiny.ts";
import { poison } from "./support.ts";

interface Shape {
  readonly lengths: readonly number[];
  readonly H: number;
  readonly G: number;
  readonly D: number;
  readonly window?: number;
}

type Heads = [q: tf.Tensor4D, k: tf.Tensor4D, v: tf.Tensor4D];

/** Whole sequences, `[1, length, …]` each. */
function sequencesOf({ lengths, H, G, D }: Shape, seed: number): Heads[] {
  return lengths.map((length, b) =>
    [H, G, G].map((heads, part) => {
      const source = random(seed, "cached", b, part);
      const values = Float32Array.from({ length: length * heads * D }, () => source.normal());
      return tf.tensor4d(values, [1, length, heads, D]);
    }) as Heads
  );
}

const part = (x: tf.Tensor4D, from: number, count: number): tf.Tensor4D =>
  tf.slice(x, [0, from, 0, 0], [1, count, -1, -1]);

/** Reads each sequence up to its end in steps of these sizes, all rows together; the last rows of each. */
function readTogether(sequences: readonly Heads[], { G, D, window, lengths }: Shape, steps: readonly number[]) {
  const total = steps.reduce((a, b) => a + b);
  const memories = lengths.map((limit) => keyValues({ kvHeads: G, headSize: D, limit }));
  // Before the steps, each row reads alone what makes the rows' lengths differ.
  const used = sequences.map(([q, k, v], b) => {
    const before = lengths[b]! - total;
    if (before > 0) {
      attend(part(q, 0, before), part(k, 0, before), part(v, 0, before), [at(memories[b]!, 0)], window);
    }
    return before;
  });
  const outputs = steps.map((count) => {
    const [q, k, v] = [0, 1, 2].map((i) =>
      tf.concat(sequences.map((heads, b) => part(heads[i]!, used[b]!, count)), 0)
    ) as Heads;
    const out = attend(q, k, v, memories.map((memory, b) => at(memory, used[b]!)), window);
    used.forEach((_, b) => used[b]! += count);
    return out;
  });
  memories.forEach(disposeKeyValues);
  return tf.concat(outputs, 1);
}

/** Cached attention at the positions that follow those cached, with heads rotated as a whole sequence's are. */
function attend(q: tf.Tensor4D, k: tf.Tensor4D, v: tf.Tensor4D, sequences: readonly CachedSequence[], window?: number) {
  const [, time, , D] = q.shape;
  const frequencies = ropeFrequencies(D, 100);
  const table = ropeTableOfRows(time, sequences.map(({ length }) => ({ offset: length, frequencies, scale: 1 })));
  return cachedAttention(q, k, v, table, sequences, window);
}

/** Attention of a whole sequence. */
function whole(q: tf.Tensor4D, k: tf.Tensor4D, v: tf.Tensor4D, window: number | undefined): tf.Tensor4D {
  const table = ropeTable(q.shape[1], ropeFrequencies(q.shape[3], 100));
  return windowAttention(rope(q, table), rope(k, table), v, window);
}

const at = (memory: KeyValues, length: number) => ({ memory, length });

const SHAPES: readonly Shape[] = [
  { lengths: [30, 41, 30], H: 4, G: 2, D: 6 },
  { lengths: [70, 95], H: 3, G: 1, D: 16, window: 11 },
  { lengths: [90], H: 2, G: 2, D: 40 },
];

deviceTest("`cachedAttention()` is attention over each whole sequence, in any steps", () => {
  for (const [i, shape] of SHAPES.entries()) {
    const sequences = sequencesOf(shape, i);
    for (const steps of [[1, 1, 1], [30], [3, 20, 1]]) {
      const total = steps.reduce((a, b) => a + b);
      const found = readTogether(sequences, shape, steps);
      sequences.forEach(([q, k, v], b) => {
        const wanted = part(whole(q, k, v, shape.window), shape.lengths[b]! - total, total);
        assertClose(tf.slice(found, b, 1), wanted, 1e-5, `shape ${i}, steps ${steps}, row ${b}`);
      });
    }
  }
});

for (const product of products) {
  Deno.test(`\`cachedAttention()\` has the same bits for a query whatever is computed with it [${product}]`, async () => {
    await using _device = await openDevice("cpu", { threads: 2, products: product });
    tf.tidy(() => {
      poison();
      const shapes = [
        ...SHAPES,
        { lengths: [900, 1000], H: 6, G: 2, D: 64 },
        { lengths: [900, 1000], H: 2, G: 1, D: 32, window: 450 },
        { lengths: [60], H: 1, G: 1, D: 400 },
      ];
      for (const [i, shape] of shapes.entries()) {
        const sequences = sequencesOf(shape, i);
        const steps = [[60], [7, 17, 4, 1, 1, 30], [30, 30], [59, 1]].filter((steps) =>
          steps.reduce((a, b) => a + b) <= Math.min(...shape.lengths)
        );
        for (const [b, sequence] of sequences.entries()) {
          const own = { ...shape, lengths: [shape.lengths[b]!] };
          const wanted = readTogether([sequence], own, [shape.lengths[b]!]);
          assert.ok(wanted.dataSync().every(Number.isFinite));
          for (const some of steps) {
            const total = some.reduce((x, y) => x + y);
            const found = tf.slice(readTogether(sequences, shape, some), b, 1).dataSync();
            const end = part(wanted as tf.Tensor4D, shape.lengths[b]! - total, total).dataSync();
            assert.ok(
              Buffer.from(found.buffer, found.byteOffset, found.byteLength).equals(
                Buffer.from(end.buffer, end.byteOffset, end.byteLength),
              ),
              `shape ${i}, row ${b}, steps ${some}`,
            );
          }
        }
      }
    });
  });
}

deviceTest("`forkKeyValues()` copies the beginning: both go on by themselves", () => {
  const shape = { lengths: [80], H: 2, G: 2, D: 6 };
  const [[q, k, v], [q2, k2, v2]] = [sequencesOf(shape, 7)[0]!, sequencesOf(shape, 8)[0]!];
  const memory = keyValues({ kvHeads: 2, headSize: 6, limit: 80 });
  attend(part(q, 0, 70), part(k, 0, 70), part(v, 0, 70), [at(memory, 0)]);
  const fork = forkKeyValues(memory, 40);
  const forked = attend(part(q2, 40, 10), part(k2, 40, 10), part(v2, 40, 10), [at(fork, 40)]);
  const on = attend(part(q, 70, 10), part(k, 70, 10), part(v, 70, 10), [at(memory, 70)]);
  const join = (a: tf.Tensor4D, b: tf.Tensor4D) => tf.concat([part(a, 0, 40), part(b, 40, 40)], 1);
  assertClose(on, part(whole(q, k, v, undefined), 70, 10), 1e-5);
  assertClose(forked, part(whole(join(q, q2), join(k, k2), join(v, v2), undefined), 40, 10), 1e-5);
  assert.equal(forkKeyValues(memory, 0).k, undefined);
  const before = tf.memory().numTensors;
  [memory, fork].forEach(disposeKeyValues);
  assert.equal(tf.memory().numTensors, before - 4);
});
