// The greedy choice: its objective, its guarantee, the datamix, and how sure it is.
import assert from "node:assert/strict";
import { bestGains, chooseGreedily, type GainMatrix, jointGain, stitchMix } from "../../../lib/domains/rank/choose.ts";
import { chooseExperts } from "../../../lib/domains/rank/choice.ts";
import type { DomainLosses } from "../../../lib/domains/rank/losses.ts";
import { random } from "../../../lib/random.ts";

const SEED = 20261130;

/** All subsets of `count` numbers below `of`. */
function subsets(of: number, count: number): number[][] {
  if (count === 0) return [[]];
  return Array.from({ length: of }, (_, last) => last)
    .flatMap((last) => subsets(last, count - 1).map((rest) => [...rest, last]));
}

function randomGains(name: number, candidates = 6, domains = 5): GainMatrix {
  const stream = random(SEED, "gains", name);
  return Array.from({ length: candidates }, () => Array.from({ length: domains }, () => stream.normal()));
}

Deno.test(`the joint gain is monotone and submodular, and greedy has 63 % of the best (seed ${SEED})`, () => {
  for (let name = 0; name < 40; name++) {
    const gains = randomGains(name);
    const all = gains.map((_, at) => at);
    for (const count of [0, 1, 2, 3]) {
      for (const set of subsets(6, count)) {
        const rest = all.filter((at) => !set.includes(at));
        const [extra, joins] = [rest[0]!, rest[1]!];
        const adds = jointGain(gains, [...set, joins]) - jointGain(gains, set);
        const addsLater = jointGain(gains, [...set, extra, joins]) - jointGain(gains, [...set, extra]);
        assert.ok(adds >= 0 && addsLater <= adds + 1e-12);
      }
    }
    for (const most of [1, 2, 3, 4]) {
      const chosen = chooseGreedily(gains, most);
      const best = Math.max(...subsets(6, most).map((set) => jointGain(gains, set)));
      assert.ok(jointGain(gains, chosen) >= (1 - 1 / Math.E) * best - 1e-12);
      assert.ok(chosen.length <= most);
    }
  }
});

Deno.test("the greedy choice stops when nothing is added, and prefers a complement to a second best", () => {
  assert.deepEqual(chooseGreedily([[-1, -2], [-1, 0]], 2), []);
  assert.deepEqual(chooseGreedily([[3, 0], [2.9, 0], [0, 1]], 2), [0, 2]);
  assert.deepEqual(chooseGreedily([[3, 0], [2.9, 0], [0, 1]], 3), [0, 2]);
  assert.deepEqual(bestGains([[3, -1], [1, -2]], [0, 1]), [3, 0]);
});

Deno.test("the datamix has an equal part and one in proportion to gains", () => {
  assert.deepEqual(stitchMix(["a", "b"], [3, 1], 0), { a: 0.5, b: 0.5 });
  assert.deepEqual(stitchMix(["a", "b"], [3, 1], 1), { a: 0.75, b: 0.25 });
  assert.deepEqual(stitchMix(["a", "b"], [3, 1], 0.5), { a: 0.625, b: 0.375 });
  assert.deepEqual(stitchMix(["a", "b", "c", "d"], [0, 0, 0, 0], 0.5), { a: 0.25, b: 0.25, c: 0.25, d: 0.25 });
});

Deno.test(`a clear choice is made in every draw, a toss-up in about half (seed ${SEED})`, () => {
  const stream = random(SEED, "losses");
  const domains = ["clear", "even", "odd", "other"];
  const bytes = Float64Array.from({ length: 40 }, () => stream.between(200, 400));
  const hardness = Object.fromEntries(
    domains.map((domain) => [domain, bytes.map((size) => size * (1 + stream.float()))]),
  );
  const losses = (saved: Readonly<Record<string, number>>): DomainLosses =>
    Object.fromEntries(domains.map((domain) => [domain, {
      nll: hardness[domain]!.map((nats, i) => nats - bytes[i]! * ((saved[domain] ?? 0) + 0.05 * stream.normal())),
      bytes,
    }]));
  const probe = (saved: Readonly<Record<string, number>>) => [losses(saved), losses(saved)];
  const { steps, chosenIn } = chooseExperts({
    seed: losses({}),
    probes: new Map([
      ["clear", probe({ clear: 1 })],
      ["even", probe({ even: 0.2 })],
      ["odd", probe({ odd: 0.2 })],
      ["other", probe({ other: -0.5 })],
    ]),
  }, 2);
  assert.equal(steps[0]!.candidate, "clear");
  assert.equal(chosenIn.get("clear"), 1);
  assert.equal(chosenIn.get("other"), 0);
  const halves = [chosenIn.get("even")!, chosenIn.get("odd")!];
  assert.ok(halves.every((share) => share > 0.02 && share < 0.98), halves.join());
  assert.ok(Math.abs(halves[0]! + halves[1]! - 1) < 1e-9);
  for (const { added, joint } of steps) {
    assert.ok(added.low < added.value && added.value < added.high && joint.low < joint.high);
  }
  const total = steps.reduce((sum, { added }) => sum + added.value, 0);
  assert.ok(Math.abs(total - steps.at(-1)!.joint.value) < 1e-12);
});
