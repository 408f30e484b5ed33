// Intervals against published values, and against what they promise.
import assert from "node:assert/strict";
import { bootstrapBitsPerByte, pairedDifference, wilsonInterval } from "../../lib/eval/mod.ts";
import { random } from "../../lib/random.ts";

const near = (actual: number, wanted: number, tolerance = 5e-4) =>
  assert.ok(Math.abs(actual - wanted) <= tolerance, `${actual} is not ${wanted}`);

Deno.test("`wilsonInterval()` gives published values and stays within 0 and 1", () => {
  // Newcombe 1998, table I, method 3.
  for (
    const [right, samples, low, high] of [[81, 263, 0.2553, 0.3662], [15, 148, 0.0624, 0.1605], [0, 20, 0, 0.1611]]
  ) {
    const interval = wilsonInterval(right!, samples!);
    near(interval.low, low!, 6e-5);
    near(interval.high, high!, 6e-5);
    assert.equal(interval.value, right! / samples!);
    assert.equal(interval.samples, samples);
  }
  assert.equal(wilsonInterval(7, 7).high, 1);
  assert.ok(wilsonInterval(7, 7).low > 0.6);
  for (const [right, samples] of [[1, 0], [3, 2], [-1, 2]]) {
    assert.throws(() => wilsonInterval(right!, samples!), RangeError);
  }
});

/** A domain whose documents cost about `rate` nats a byte, with the documents' own difficulty. */
function domain(documents: number, seed: number, rate: number, offset = 0) {
  const draw = random(seed, "domain");
  const bytes = Float64Array.from({ length: documents }, () => draw.between(100, 1000));
  return { bytes, nll: bytes.map((size) => size * (rate + offset + 0.3 * draw.normal())) };
}

Deno.test("`bootstrapBitsPerByte()` holds the truth about 95 times in 100", () => {
  let held = 0;
  for (let seed = 0; seed < 200; seed++) {
    const { low, high } = bootstrapBitsPerByte([domain(60, seed, 1.5)], { seed, resamples: 1000 });
    if (low <= 1.5 / Math.LN2 && 1.5 / Math.LN2 <= high) held++;
  }
  assert.ok(held >= 178 && held <= 199, `${held} of 200`);
});

Deno.test("`bootstrapBitsPerByte()` is deterministic, weighs domains equally and a document by its bytes", () => {
  const [a, b] = [domain(30, 1, 1), domain(5, 2, 3)];
  const both = bootstrapBitsPerByte([a, b], { seed: 4 });
  assert.deepEqual(both, bootstrapBitsPerByte([a, b], { seed: 4 }));
  assert.notDeepEqual(both, bootstrapBitsPerByte([a, b], { seed: 5 }));
  near(both.value, (bootstrapBitsPerByte([a]).value + bootstrapBitsPerByte([b]).value) / 2, 1e-12);
  assert.equal(both.samples, 35);
  assert.ok(both.low < both.value && both.value < both.high);
  const uneven = { nll: Float64Array.of(10 * Math.LN2, 0), bytes: Float64Array.of(1, 9) };
  near(bootstrapBitsPerByte([uneven]).value, 1, 1e-12);
  assert.throws(() => bootstrapBitsPerByte([]), RangeError);
});

Deno.test("`pairedDifference()` finds a difference that two intervals apart can't show", () => {
  const [a, b] = [domain(40, 3, 1.5, 0.02), domain(40, 3, 1.5)];
  const [apartA, apartB] = [bootstrapBitsPerByte([a]), bootstrapBitsPerByte([b])];
  assert.ok(apartA.low < apartB.high, "apart they overlap");
  const difference = pairedDifference([a], [b]);
  near(difference.value, 0.02 / Math.LN2, 1e-9);
  assert.ok(difference.low > 0.9 * difference.value && difference.high < 1.1 * difference.value);
  const turned = pairedDifference([b], [a]);
  near(turned.value, -difference.value, 1e-12);
  assert.throws(() => pairedDifference([a], [domain(40, 9, 1.5)]), RangeError);
  assert.throws(() => pairedDifference([a], []), RangeError);
});
