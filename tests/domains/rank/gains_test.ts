// Gains of probes: their values, the coverage of their intervals, and ranks that cannot be told apart.
import assert from "node:assert/strict";
import type { DomainLosses, ProbeLosses } from "../../../lib/domains/rank/losses.ts";
import { probeGains } from "../../../lib/domains/rank/gains.ts";
import { rankingText } from "../../../lib/domains/rank/verdict.ts";
import { rankRanges, rankText } from "../../../lib/domains/rank/ranks.ts";
import { random } from "../../../lib/random.ts";

const SEED = 20261130;
const CANDIDATES = ["a", "b", "c"];
const DOMAINS = [...CANDIDATES, "seed only"];

/** Bits per byte that a probe truly gains. */
const truth = (candidate: string, domain: string) =>
  candidate === domain ? 0.1 * (1 + CANDIDATES.indexOf(candidate)) : -0.02;

/** Losses whose documents differ in what they gain, and whose repeats differ on all documents of a domain at once. */
function simulated(name: number, { spread, repeatSpread }: { readonly spread: number; readonly repeatSpread: number }) {
  const stream = random(SEED, "simulated", name);
  const bytes = Float64Array.from({ length: 30 }, () => stream.between(200, 400));
  const base = Object.fromEntries(DOMAINS.map((domain) => [domain, bytes.map((size) => size * (1 + stream.float()))]));
  const perDocument = new Map(CANDIDATES.map((one) => [
    one,
    Object.fromEntries(DOMAINS.map((domain) => [domain, bytes.map(() => spread * stream.normal())])),
  ]));
  const repeat = (candidate: string): DomainLosses =>
    Object.fromEntries(DOMAINS.map((domain) => {
      const saved = truth(candidate, domain) + repeatSpread * stream.normal();
      const own = perDocument.get(candidate)![domain]!;
      return [domain, { nll: base[domain]!.map((nats, i) => nats - Math.LN2 * bytes[i]! * (saved + own[i]!)), bytes }];
    }));
  const losses: ProbeLosses = {
    seed: Object.fromEntries(DOMAINS.map((domain) => [domain, { nll: base[domain]!, bytes }])),
    probes: new Map(CANDIDATES.map((one) => [one, [repeat(one), repeat(one)]])),
  };
  return probeGains(losses);
}

Deno.test("gains are what probes save against the seed, on each domain and on the others", () => {
  const { own, pairs, others } = simulated(0, { spread: 0, repeatSpread: 0 });
  for (const { candidate, domains, value } of [...own, ...pairs]) {
    assert.ok(Math.abs(value - truth(candidate, domains[0]!)) < 1e-9);
  }
  assert.equal(pairs.length, CANDIDATES.length * (DOMAINS.length - 1));
  for (const { value } of others) assert.ok(Math.abs(value + 0.02) < 1e-9);
});

Deno.test(`intervals cover true gains though repeats differ (seed ${SEED})`, () => {
  let covered = 0, all = 0, withoutRepeats = 0;
  for (let name = 0; name < 40; name++) {
    for (const { candidate, domains, low, high } of simulated(name, { spread: 0.1, repeatSpread: 0.04 }).pairs) {
      all++;
      const at = truth(candidate, domains[0]!);
      if (low! <= at && at <= high!) covered++;
      // What the documents alone would give: their standard error with Student's quantile for 29 degrees of freedom.
      const middle = (low! + high!) / 2;
      if (Math.abs(middle - at) < 2.045 * 0.1 / Math.sqrt(30)) withoutRepeats++;
    }
  }
  assert.ok(covered / all > 0.9, `${covered} of ${all}`);
  assert.ok(withoutRepeats < covered, "repeats must matter here, or this test shows nothing");
});

Deno.test("ranks overlap where gains cannot be told apart", () => {
  const gain = (value: number, half: number | null) =>
    half === null ? { value, low: null, high: null } : { value, low: value - half, high: value + half };
  const texts = (...gains: ReturnType<typeof gain>[]) => rankRanges(gains).map(rankText);
  assert.deepEqual(texts(gain(1, 0.1), gain(3, 0.1), gain(2, 0.1)), ["3", "1", "2"]);
  assert.deepEqual(texts(gain(1, 0.1), gain(1.1, 0.1), gain(2, 0.1)), ["2–3", "2–3", "1"]);
  // The first two are clearly different, and the third may be either.
  assert.deepEqual(texts(gain(1, 0.1), gain(1.3, 0.1), gain(1.15, 0.2)), ["2–3", "1–2", "1–3"]);
  assert.deepEqual(texts(gain(1, null), gain(9, null)), ["1–2", "1–2"]);
});

Deno.test("a ranking in words says what may add nothing, and which ranks overlap", () => {
  const gain = (candidate: string, value: number) => ({
    candidate,
    domains: [candidate],
    value,
    low: value - 0.1,
    high: value + 0.1,
  });
  const step = (candidate: string, low: number) => ({
    candidate,
    added: { value: 1, low, high: 2 },
    joint: { value: 1, low, high: 2 },
  });
  assert.equal(
    rankingText({ own: [gain("a", 1), gain("b", 1.1), gain("c", 2)] }, { steps: [step("c", 1), step("b", 0)] }),
    "chosen: c, b (b may add nothing); ranks that cannot be told apart: b (2–3), a (2–3)",
  );
  const apart = [gain("a", 1), gain("c", 2)];
  assert.equal(rankingText({ own: apart }, { steps: [step("c", 1)] }), "chosen: c");
  const unsure = [step("c", 0), step("a", 0)];
  assert.equal(rankingText({ own: apart }, { steps: unsure }), "chosen: c, a (each may add nothing)");
  assert.equal(rankingText({ own: [gain("a", -1), gain("c", -2)] }, { steps: [] }), "no candidate gains anything");
});
