// Thinning: what is kept, what is bounded, and what stays the same while a curve grows.
import assert from "node:assert/strict";
import { random } from "../../../lib/random.ts";
import { bucketWidth, type Curve, extremes, thin } from "../../../lib/run/series/thin.ts";

const SEED = Date.now() % 100_000;
console.log(`random curves with seed ${SEED}`);

/** A noisy curve with gaps between its steps and values that are not finite. */
function noisyCurve(name: string, length: number): Curve {
  const from = random(SEED, name);
  const steps: number[] = [], values: number[] = [];
  for (let i = 0, step = from.int(50); i < length; i++, step += 1 + (from.float() < 0.05 ? from.int(40) : 0)) {
    steps.push(step);
    values.push(from.float() < 0.01 ? NaN : from.normal() * (from.float() < 0.001 ? 100 : 1));
  }
  return { length, step: (i) => steps[i]!, value: (i) => values[i]! };
}

const span = (curve: Curve, length: number) => curve.step(length - 1) - curve.step(0);

Deno.test("`thin()` keeps the lowest, the highest and a broken value of each bucket, and the ends", () => {
  for (let trial = 0; trial < 30; trial++) {
    const curve = noisyCurve(`kept ${trial}`, 500 + random(SEED, "length", trial).int(3000));
    const width = bucketWidth(curve.length, span(curve, curve.length), 100);
    const kept = thin(curve, width);
    assert.deepEqual([kept[0], kept.at(-1)], [0, curve.length - 1]);
    assert.deepEqual(kept, [...new Set(kept)].sort((a, b) => a - b), "in order, each once");
    const bucketOf = (index: number) => Math.floor(curve.step(index) / width);
    const all = Map.groupBy(Array.from({ length: curve.length }, (_, i) => i), bucketOf);
    const left = Map.groupBy(kept, bucketOf);
    for (const [bucket, indexes] of all) {
      const values = (list: readonly number[]) => list.map((i) => curve.value(i)).filter(Number.isFinite);
      const [before, after] = [values(indexes), values(left.get(bucket)!)];
      assert.deepEqual([Math.min(...after), Math.max(...after)], [Math.min(...before), Math.max(...before)]);
      const broken = (list: readonly number[]) => list.some((i) => Number.isNaN(curve.value(i)));
      assert.equal(broken(left.get(bucket)!), broken(indexes));
    }
  }
});

Deno.test("`bucketWidth()` bounds the buckets of any curve, and keeps a short one whole", () => {
  for (let trial = 0; trial < 50; trial++) {
    const from = random(SEED, "bound", trial);
    const [most, curve] = [from.between(2, 200), noisyCurve(`bound ${trial}`, from.between(1, 5000))];
    const width = bucketWidth(curve.length, span(curve, curve.length), most);
    const kept = thin(curve, width);
    if (curve.length <= 2 * most) {
      assert.equal(kept.length, curve.length);
      continue;
    }
    const buckets = new Set(Array.from({ length: curve.length }, (_, i) => Math.floor(curve.step(i) / width)));
    assert.ok(buckets.size <= most, `${buckets.size} buckets of at most ${most}`);
    assert.ok(kept.length <= 3 * most + 2, `${kept.length} points`);
    assert.equal(Math.log2(width) % 1, 0);
  }
});

Deno.test("what `thin()` kept of buckets that are over stays as a curve grows, and wider buckets keep part of it", () => {
  for (let trial = 0; trial < 20; trial++) {
    const curve = noisyCurve(`growing ${trial}`, 4000);
    let before: { width: number; kept: number[]; length: number } | undefined;
    for (let length = 300; length <= curve.length; length += random(SEED, "grow", trial, length).between(1, 400)) {
      const width = bucketWidth(length, span(curve, length), 64);
      const kept = thin(curve, width, 0, length);
      if (before !== undefined) {
        assert.ok(width >= before.width, "buckets only get wider");
        const open = Math.floor(curve.step(before.length - 1) / (before.width || 1));
        const over = before.kept.filter((i) => Math.floor(curve.step(i) / (before!.width || 1)) < open);
        if (width === before.width) assert.deepEqual(kept.filter((i) => i <= (over.at(-1) ?? -1)), over);
        else {
          const last = over.at(-1) ?? -1;
          const bucket = Math.floor(curve.step(Math.max(0, last)) / width);
          const whole = kept.filter((i) => Math.floor(curve.step(i) / width) < bucket);
          assert.ok(whole.every((i) => over.includes(i)), "nothing new comes up in old parts");
        }
      }
      before = { width, kept, length };
    }
  }
});

Deno.test("`extremes()` keeps the lowest and highest of neighboring points and both ends, in order", () => {
  const points = Array.from({ length: 1000 }, (_, step) => ({ step, loss: Math.sin(step) }));
  const kept = extremes(points, ({ loss }) => loss, 100);
  assert.ok(kept.length <= 102 && kept.length > 50, `${kept.length} points`);
  assert.deepEqual([kept[0], kept.at(-1)], [points[0], points.at(-1)]);
  assert.ok(kept.every(({ step }, i) => i === 0 || step > kept[i - 1]!.step));
  for (const pick of [Math.min, Math.max]) {
    assert.equal(pick(...kept.map(({ loss }) => loss)), pick(...points.map(({ loss }) => loss)));
  }
  assert.deepEqual(extremes(points.slice(0, 3), ({ loss }) => loss, 100), points.slice(0, 3));
  assert.deepEqual(extremes([], () => 0, 100), []);
});
