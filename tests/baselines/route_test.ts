// Routing: definitions of the gates, sampling, load balancing, and experts that run only on their tokens.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { gumbelTemperature, loadBalance, mixExperts, route } from "../../lib/baselines/mixture/route.ts";
import { linear } from "../../lib/tensor/mod.ts";
import { random } from "../../lib/random.ts";
import { deviceTest } from "../backends.ts";
import { assertClose, assertGradient } from "../tiny.ts";

const softmax = (row: readonly number[]) => {
  const powers = row.map((value) => Math.exp(value));
  return powers.map((power) => power / powers.reduce((a, b) => a + b, 0));
};

function logits(rows: number, models: number, seed = 1): tf.Tensor2D {
  const source = random(seed, "logits");
  return tf.tensor2d(Float32Array.from({ length: rows * models }, () => 2 * source.normal()), [rows, models]);
}

deviceTest("`route()` is its definition: all experts, the best, or the best two by their two logits", () => {
  const z = logits(20, 4);
  const rows = z.arraySync();
  assertClose(route("soft", z).gates, tf.tensor2d(rows.map(softmax)), 1e-6);
  const best = rows.map((row) => row.map((value) => Number(value === Math.max(...row))));
  assert.deepEqual(route("sample", z).gates.arraySync(), best);
  const two = rows.map((row) => {
    const second = row.toSorted((a, b) => b - a)[1]!;
    return softmax(row.map((value) => value >= second ? value : -Infinity));
  });
  const { gates, chosen } = route("top-2", z);
  assertClose(gates, tf.tensor2d(two), 1e-6);
  chosen![0]!.dataSync().forEach((model, row) => assert.equal(rows[row]![model], Math.max(...rows[row]!)));
  for (const row of gates.arraySync()) assert.equal(row.filter((gate) => gate > 0).length, 2);
  // Ties go to the first expert, and never twice to one.
  const { chosen: tied } = route("top-2", tf.zeros([3, 4]));
  assert.deepEqual(tied!.map((x) => [...x.dataSync()]), [[0, 0, 0], [1, 1, 1]]);
});

deviceTest("`route()` draws each expert as often as its probability says, from the seed alone", () => {
  const z = tf.tile(tf.tensor2d([[1, 0, -1]]), [6000, 1]) as tf.Tensor2D;
  const draw = { seed: 3, temperature: 1 };
  const { gates } = route("sample", z, draw);
  const shares = tf.mean(gates, 0).arraySync() as number[];
  softmax([1, 0, -1]).forEach((share, i) => assert.ok(Math.abs(share - shares[i]!) < 0.025, `${shares}`));
  assert.deepEqual(route("sample", z, draw).gates.arraySync(), gates.arraySync());
  assert.notDeepEqual(route("sample", z, { ...draw, seed: 4 }).gates.arraySync(), gates.arraySync());
  for (const row of gates.arraySync()) assert.deepEqual(row.toSorted(), [0, 0, 1]);
});

Deno.test("`gumbelTemperature()` falls from 1 to 0.5", () => {
  assert.equal(gumbelTemperature(1), 1);
  assert.ok(Math.abs(gumbelTemperature(1001) - Math.exp(-0.1)) < 1e-12);
  assert.equal(gumbelTemperature(1_000_000), 0.5);
});

deviceTest("a drawn gate of 1 has the gradient of its Gumbel-softmax", () => {
  const draw = { seed: 8, temperature: 0.6 };
  const z = logits(5, 3, 2);
  const weights = logits(5, 3, 4); // of the gates; only the drawn ones' count
  const { gates } = route("sample", z, draw);
  const gradient = tf.grad((x) => tf.sum(tf.mul(route("sample", x as tf.Tensor2D, draw).gates, weights)))(z);
  // The noise decides what is sampled from even logits. Recover it from the soft function at temperature 1.
  const noise = noiseOf([5, 3], draw.seed);
  const loss = (values: Float32Array) =>
    tf.tidy(() => {
      const soft = tf.softmax(tf.div(tf.add(tf.tensor2d(values, [5, 3]), noise), draw.temperature));
      return tf.sum(tf.mul(tf.mul(soft, gates), weights)).dataSync()[0]!;
    });
  const places = [0, 4, 7, 14];
  assertGradient(z.dataSync<"float32">().slice(), gradient.dataSync(), loss, { places }, "z");
});

/** Gumbel noise for a seed from its definition, −log(−log u). */
function noiseOf(shape: [number, number], seed: number): tf.Tensor2D {
  const { uint32 } = random(seed, "gumbel");
  const draw = () => -Math.log(-Math.log((uint32() + 0.5) / 2 ** 32));
  return tf.tensor2d(Float32Array.from({ length: shape[0] * shape[1] }, draw), shape);
}

deviceTest("`loadBalance()` is models · Σ u p: 1 when even, the number of models when all tokens go one way", () => {
  assert.ok(Math.abs(loadBalance(route("soft", tf.zeros([6, 4]))).dataSync()[0]! - 1) < 1e-6);
  const one = tf.tensor2d(Array(6).fill([50, 0, 0, 0]));
  for (const routing of ["soft", "sample"] as const) {
    assert.ok(Math.abs(loadBalance(route(routing, one)).dataSync()[0]! - 4) < 1e-5);
  }
  const z = logits(9, 3);
  const { gates, probabilities } = route("top-2", z);
  const mean = (x: tf.Tensor) => tf.mean(x, 0).arraySync() as number[];
  const expected = 3 * mean(gates).reduce((sum, u, i) => sum + u * mean(probabilities)[i]!, 0);
  assert.ok(Math.abs(loadBalance(route("top-2", z)).dataSync()[0]! - expected) < 1e-6);
});

for (const routing of ["sample", "top-2"] as const) {
  deviceTest(
    `\`mixExperts()\` runs each expert on its own tokens, with the result and gradients of all, ${routing}`,
    () => {
      const x = logits(30, 6, 1);
      const experts = [1, 2, 3, 4].map((seed) => logits(6, 6, 10 + seed));
      const z = logits(30, 4, 3);
      const draw = { seed: 2, temperature: 1 };
      let rows = 0;
      const sparse = (x: tf.Tensor2D, z: tf.Tensor2D, ...experts: tf.Tensor2D[]) =>
        mixExperts(x, route(routing, z, draw), (i, own) => {
          rows += own.shape[0];
          return linear(own, experts[i]!) as tf.Tensor2D;
        });
      const dense = (x: tf.Tensor2D, z: tf.Tensor2D, ...experts: tf.Tensor2D[]) => {
        const { gates, probabilities } = route(routing, z, draw);
        return mixExperts(x, { gates, probabilities }, (i, all) => linear(all, experts[i]!) as tf.Tensor2D);
      };
      assertClose(sparse(x, z, ...experts), dense(x, z, ...experts), 1e-5);
      assert.equal(rows, (routing === "sample" ? 1 : 2) * 30);
      const gradients = (of: typeof sparse) =>
        tf.grads((...inputs) => tf.sum(tf.square(of(...inputs as [tf.Tensor2D, tf.Tensor2D]))))([x, z, ...experts]);
      const [a, b] = [gradients(sparse), gradients(dense)];
      a.forEach((gradient, i) => {
        if (i < 2) assertClose(gradient, b[i]!, 1e-3);
        else assert.ok(tf.max(tf.abs(tf.sub(gradient, b[i]!))).dataSync()[0]! < 1e-3);
      });
    },
  );
}
