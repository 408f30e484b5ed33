// Loss spikes: found where they are, and not where losses are only noisy.
import assert from "node:assert/strict";
import { random } from "../../../lib/random.ts";
import { median, spikeLimit } from "../../../lib/train/monitor/spike.ts";

const RULE = { deviations: 6, share: 0.05, rise: 0.01 };
const WINDOW = 64;

/** The steps (from 1) that the rule calls spikes. */
function spikes(losses: readonly number[], rule = RULE): number[] {
  return losses.flatMap((loss, i) => {
    const known = spikeLimit(losses.slice(Math.max(0, i - WINDOW), i), rule);
    return known !== undefined && loss > known.limit ? [i + 1] : [];
  });
}

/** A curve that falls from ln 2048 to about 2 nats, with normal noise. */
function curve(seed: number, noise: (step: number) => number, steps = 1000): number[] {
  const source = random(seed, "curve");
  return Array.from({ length: steps }, (_, i) => 2 + 5.6 * Math.exp(-i / 80) + noise(i) * source.normal());
}

Deno.test("`spikeLimit()` raises no false alarm on 20,000 steps of noisy losses that fall", () => {
  for (let seed = 0; seed < 10; seed++) {
    assert.deepEqual(spikes(curve(seed, () => 0.15)), []);
    assert.deepEqual(spikes(curve(seed, (i) => 0.3 * Math.exp(-i / 300))), []); // noise that dies down
  }
});

Deno.test("`spikeLimit()` raises no alarm on a smooth curve, nor on one that stands still", () => {
  assert.deepEqual(spikes(curve(1, () => 0)), []);
  assert.deepEqual(spikes(curve(1, () => 1e-4)), []);
  assert.deepEqual(spikes(new Array(200).fill(0.01)), []);
  // A loss of nearly nothing may grow a thousandfold without being anything.
  const low = Array.from({ length: 200 }, (_, i) => i === 100 ? 8e-3 : i === 150 ? 0.02 : 8e-6);
  assert.deepEqual(spikes(low), [151]);
});

Deno.test("`spikeLimit()` finds every spike of a third of the loss, in noise and after earlier spikes", () => {
  for (let seed = 0; seed < 10; seed++) {
    const losses = curve(seed, () => 0.05);
    const at = [100, 101, 102, 400, 650];
    for (const step of at) losses[step - 1]! *= 1.33;
    assert.deepEqual(spikes(losses), at);
  }
});

Deno.test("`spikeLimit()` takes a level that stays for the new one, after an eighth of the window", () => {
  const losses = curve(3, () => 0.02).map((loss, i) => i < 500 ? loss : loss + 2);
  const found = spikes(losses);
  assert.equal(found[0], 501);
  assert.ok(found.length > WINDOW / 16 && found.length <= WINDOW / 8 + 1, `${found.length}`);
});

Deno.test("`spikeLimit()` says nothing before it has 16 losses, and follows its definition after", () => {
  const losses = Array.from({ length: 16 }, (_, i) => i % 2 === 0 ? 1 : 2);
  assert.equal(spikeLimit(losses.slice(1), RULE), undefined);
  assert.deepEqual(spikeLimit(losses, RULE), { median: 1.5, deviation: 0.7413, limit: 1.5 + 6 * 0.7413 });
  assert.equal(spikeLimit(losses, { deviations: 0.01, share: 0.5, rise: 0.01 })!.limit, 1.5 + 0.75);
  // On a line there is no deviation, and the median is that of the last four.
  const line = Array.from({ length: 16 }, (_, i) => 100 - i);
  assert.deepEqual(spikeLimit(line, RULE), { median: 86.5, deviation: 0, limit: 86.5 * 1.05 });
});

Deno.test("`median()` of odd and even counts", () => {
  assert.equal(median([5, 1, 9]), 5);
  assert.equal(median([4, 1, 9, 2]), 3);
});
