// Intervals against published values, and against what they promise: simulated coverage of at least 93 %.
import assert from "node:assert/strict";
import {
  bootstrapBitsPerByte,
  type DocumentLosses,
  type DocumentsEstimate,
  effectiveDocuments,
  enoughDocuments,
  FEWEST_DOCUMENTS,
  pairedDifference,
  pairedShareDifference,
  shareInterval,
} from "../../../lib/run/paired/intervals.ts";
import { type Random, random } from "../../../lib/random.ts";

const SEED = 20261128;

const near = (actual: number, wanted: number, tolerance = 5e-4) =>
  assert.ok(Math.abs(actual - wanted) <= tolerance, `${actual} is not ${wanted}`);

/** Both ends of an interval that must exist. */
function endsOf({ low, high }: DocumentsEstimate): { low: number; high: number } {
  assert.ok(low !== null && high !== null, "there is an interval");
  return { low, high };
}

// -----------------------------------------------------------------------------
// Percentages

Deno.test("`shareInterval()` gives published values and stays within 0 and 1", () => {
  // Newcombe 1998, table I, method 5.
  for (
    const [right, samples, low, high] of [
      [81, 263, 0.2527, 0.3676],
      [15, 148, 0.0578, 0.1617],
      [0, 20, 0, 0.1684],
      [1, 29, 0.0009, 0.1776],
    ]
  ) {
    const interval = shareInterval(right!, samples!);
    near(interval.low, low!, 6e-5);
    near(interval.high, high!, 6e-5);
    assert.equal(interval.value, right! / samples!);
    assert.equal(interval.samples, samples);
  }
  assert.equal(shareInterval(7, 7).high, 1);
  assert.ok(shareInterval(7, 7).low > 0.55);
  for (const [right, samples] of [[1, 0], [3, 2], [-1, 2]]) {
    assert.throws(() => shareInterval(right!, samples!), RangeError);
  }
});

Deno.test("`shareInterval()` covers at least 95 % for every share: no simulation, the sum over all outcomes", () => {
  for (const samples of [1, 5, 17, 60, 200]) {
    const intervals = Array.from({ length: samples + 1 }, (_, right) => shareInterval(right, samples));
    intervals.forEach(({ low }, right) => near(low, 1 - intervals[samples - right]!.high, 1e-12));
    for (let share = 0.002; share <= 0.5; share += 0.0035) {
      // Probability of each count, from the one before it.
      let probability = (1 - share) ** samples, covered = 0;
      intervals.forEach(({ low, high }, right) => {
        if (low <= share && share <= high) covered += probability;
        probability *= (samples - right) / (right + 1) * share / (1 - share);
      });
      assert.ok(covered >= 0.95 - 1e-9, `${covered} of share ${share} with ${samples} questions`);
    }
  }
});

Deno.test(`\`pairedShareDifference()\` covers about 95 % of paired differences of every kind (seed ${SEED})`, () => {
  // n₁₂ = 3, n₂₁ = 11 of 50, by hand: (8 ± 1.96 · √(15 − 64 / 52)) / 52, and the difference itself.
  const outcomes = [[true, true, 20], [true, false, 11], [false, true, 3], [false, false, 16]] as const;
  const pairs = outcomes.flatMap(([a, b, count]) => Array.from({ length: count }, () => [a, b] as const));
  const difference = pairedShareDifference(pairs.map(([a]) => a), pairs.map(([, b]) => b));
  assert.deepEqual([difference.value, difference.samples], [0.16, 50]);
  near(difference.low, 0.0139, 1e-4);
  near(difference.high, 0.2938, 1e-4);
  assert.throws(() => pairedShareDifference([true], []), RangeError);
  const draw = random(SEED, "paired shares");
  for (
    const [onlyA, onlyB, both] of [[0.1, 0.1, 0.4], [0.3, 0.02, 0.6], [0.02, 0.005, 0.9], [0.25, 0.25, 0]] as const
  ) {
    let covered = 0;
    for (let trial = 0; trial < 1000; trial++) {
      const rows = Array.from({ length: 100 }, () => {
        const u = draw.float();
        return u < onlyA ? [true, false] : u < onlyA + onlyB ? [false, true] : Array(2).fill(u < onlyA + onlyB + both);
      });
      const { low, high } = pairedShareDifference(rows.map(([a]) => a), rows.map(([, b]) => b));
      if (low <= onlyA - onlyB && onlyA - onlyB <= high) covered++;
    }
    assert.ok(covered >= 920, `${onlyA}, ${onlyB}: ${covered} of 1000`);
  }
});

// -----------------------------------------------------------------------------
// Bits per byte and paired differences

/** Distributions of a document's nats per byte, with their means: symmetric, skewed, strongly skewed. */
const SHAPES: Readonly<Record<string, { readonly mean: number; readonly draw: (draw: Random) => number }>> = {
  "symmetric (normal)": { mean: 1.5, draw: (draw) => 1.5 + 0.3 * draw.normal() },
  "skewed (lognormal, σ = 0.5)": { mean: Math.exp(0.125), draw: (draw) => Math.exp(0.5 * draw.normal()) },
  "strongly skewed (lognormal, σ = 1)": { mean: Math.exp(0.5), draw: (draw) => Math.exp(draw.normal()) },
};

/** Documents of 100 to 1000 bytes that cost `rate` nats per byte. */
function documents(count: number, draw: Random, rate: () => number): DocumentLosses {
  const bytes = Float64Array.from({ length: count }, () => draw.between(100, 1000));
  return { bytes, nll: bytes.map((size) => size * rate()) };
}

/** Share of the repetitions whose interval holds `truth`, in bits per byte; undefined where none is given. */
function coverage(
  truth: number,
  repetitions: number,
  estimate: (draw: Random, seed: number) => DocumentsEstimate,
): number | undefined {
  let [given, held] = [0, 0];
  for (let i = 0; i < repetitions; i++) {
    const { low, high } = estimate(random(SEED, "repetition", i), i);
    if (low === null || high === null) continue;
    given++;
    if (low <= truth && truth <= high) held++;
  }
  if (given === 0) return undefined;
  assert.equal(given, repetitions, "documents of these lengths always have an interval, or never");
  return held / given;
}

const REPETITIONS = 1000;
const percent = (share: number | undefined) => share === undefined ? "no interval" : `${(100 * share).toFixed(1)} %`;

Deno.test(`intervals cover at least 93 % with 5, 17 and 60 documents, or there is none (seed ${SEED})`, () => {
  for (const [name, { mean, draw: rate }] of Object.entries(SHAPES)) {
    for (const count of [5, 17, 60]) {
      const options = (seed: number) => ({ seed, resamples: 400 });
      const found = {
        "bits per byte": coverage(
          mean / Math.LN2,
          REPETITIONS,
          (draw, seed) => bootstrapBitsPerByte([documents(count, draw, () => rate(draw))], options(seed)),
        ),
        // What one model costs more than the other varies as `name` says; by turns it is the first or the second.
        differences: coverage(0.1 * mean / Math.LN2, REPETITIONS, (draw, seed) => {
          const one = documents(count, draw, () => 1.5 + 0.3 * draw.normal());
          const other = { ...one, nll: one.nll.map((nats, i) => nats + 0.1 * one.bytes[i]! * rate(draw)) };
          if (seed % 2 === 0) return pairedDifference([other], [one], options(seed));
          const { value, low, high, samples } = pairedDifference([one], [other], options(seed));
          return { value: -value, low: high && -high, high: low && -low, samples };
        }),
      };
      for (const [what, share] of Object.entries(found)) {
        const text = `${what}, ${name}, ${count} documents: ${percent(share)} (seed ${SEED})`;
        assert.equal(share === undefined, count === 5, text);
        assert.ok(share === undefined || share >= 0.93 && share <= 0.995, text);
      }
    }
  }
});

Deno.test(`the mean over domains of unequal spread is covered, too (seed ${SEED})`, () => {
  const { mean, draw: rate } = SHAPES["strongly skewed (lognormal, σ = 1)"]!;
  const share = coverage((mean + 1.5) / 2 / Math.LN2, REPETITIONS, (draw, seed) =>
    bootstrapBitsPerByte(
      [documents(17, draw, () => rate(draw)), documents(40, draw, () => 1.5 + 0.1 * draw.normal())],
      { seed, resamples: 400 },
    ));
  assert.ok(share! >= 0.93, percent(share));
});

Deno.test("an interval takes eight documents of equal length, or more of unequal ones", () => {
  const equal = (count: number) => ({
    bytes: new Float64Array(count).fill(300),
    nll: Float64Array.from({ length: count }, (_, i) => 300 + 20 * Math.sin(i)),
  });
  assert.equal(bootstrapBitsPerByte([equal(FEWEST_DOCUMENTS - 1)]).low, null);
  endsOf(bootstrapBitsPerByte([equal(FEWEST_DOCUMENTS)]));
  assert.equal(bootstrapBitsPerByte([equal(40), equal(5)]).high, null, "a mean takes enough of every domain");
  near(effectiveDocuments(equal(40).bytes), 40, 1e-9);
  // One document that is as long as all others together.
  const uneven = equal(21);
  uneven.bytes[0] = 20 * 300;
  uneven.nll[0] = 20 * 300;
  assert.ok(effectiveDocuments(uneven.bytes) < 4 && !enoughDocuments(uneven.bytes));
  const { value, low, samples } = bootstrapBitsPerByte([uneven]);
  assert.ok(value > 1 && low === null && samples === 21);
});

Deno.test("models that differ on hardly any document have no interval, and equal ones a point", () => {
  const one = documents(17, random(1, "equal"), () => 1.5);
  assert.deepEqual(pairedDifference([one], [one]), { value: 0, low: 0, high: 0, samples: 17 });
  const other = { ...one, nll: one.nll.map((nats, i) => i === 3 ? nats + 10 : nats) };
  const { value, low, high } = pairedDifference([other], [one]);
  assert.ok(value > 0 && low === null && high === null);
});

/** A domain whose documents cost about `rate` nats a byte, with the documents' own difficulty. */
function domain(count: number, seed: number, rate: number, offset = 0): DocumentLosses {
  const draw = random(seed, "domain");
  return documents(count, draw, () => rate + offset + 0.3 * draw.normal());
}

Deno.test("`bootstrapBitsPerByte()` is deterministic, weighs domains equally and a document by its bytes", () => {
  const [a, b] = [domain(30, 1, 1), domain(12, 2, 3)];
  const both = bootstrapBitsPerByte([a, b], { seed: 4 });
  assert.deepEqual(both, bootstrapBitsPerByte([a, b], { seed: 4 }));
  assert.notDeepEqual(both, bootstrapBitsPerByte([a, b], { seed: 5 }));
  near(both.value, (bootstrapBitsPerByte([a]).value + bootstrapBitsPerByte([b]).value) / 2, 1e-12);
  assert.equal(both.samples, 42);
  const { low, high } = endsOf(both);
  assert.ok(low < both.value && both.value < high);
  const uneven = { nll: Float64Array.of(10 * Math.LN2, 0), bytes: Float64Array.of(1, 9) };
  near(bootstrapBitsPerByte([uneven]).value, 1, 1e-12);
  assert.throws(() => bootstrapBitsPerByte([]), RangeError);
});

Deno.test("`pairedDifference()` finds a difference that two separate intervals can't show", () => {
  const [a, b] = [domain(40, 3, 1.5, 0.02), domain(40, 3, 1.5)];
  assert.ok(endsOf(bootstrapBitsPerByte([a])).low < endsOf(bootstrapBitsPerByte([b])).high, "separately they overlap");
  const difference = pairedDifference([a], [b]);
  near(difference.value, 0.02 / Math.LN2, 1e-9);
  const { low, high } = endsOf(difference);
  assert.ok(low > 0.9 * difference.value && high < 1.1 * difference.value);
  const turned = pairedDifference([b], [a]);
  near(turned.value, -difference.value, 1e-12);
  assert.throws(() => pairedDifference([a], [domain(40, 9, 1.5)]), RangeError);
  assert.throws(() => pairedDifference([a], []), RangeError);
});
