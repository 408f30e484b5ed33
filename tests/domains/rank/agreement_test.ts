// Agreement of predicted and realized gains: intervals of correlations, and the values of choices against all choices.
import assert from "node:assert/strict";
import { choiceValues, gainAgreement } from "../../../lib/domains/rank/agreement.ts";
import { jointGain } from "../../../lib/domains/rank/choose.ts";
import { random } from "../../../lib/random.ts";

const SEED = 20261130;

Deno.test(`the interval of an agreement is narrow where gains agree, and holds 0 where they do not (seed ${SEED})`, () => {
  const stream = random(SEED, "pairs");
  const pairs = (noise: number, slope: number) =>
    Array.from({ length: 24 }, (_, i) => {
      const predicted = stream.normal();
      return { candidate: `c${i % 8}`, predicted, realized: slope * predicted + noise * stream.normal() };
    });
  const close = gainAgreement(pairs(0.1, 2));
  assert.ok(close.pearson.low > 0.9 && close.spearman.low > 0.8);
  assert.equal(close.pairs, 24);
  const none = gainAgreement(pairs(1, 0));
  assert.ok(none.pearson.low < 0 && none.pearson.high > 0);
  assert.throws(() => gainAgreement(pairs(1, 1).filter(({ candidate }) => candidate < "c2")), RangeError);
});

Deno.test(`choices are worth what they gain; a random one is the mean over all sets (seed ${SEED})`, () => {
  const stream = random(SEED, "choices");
  const gains = Array.from({ length: 5 }, () => Array.from({ length: 4 }, () => stream.normal()));
  const values = choiceValues(gains.map((row) => row.map((gain) => -gain)), gains);
  for (const { experts, predicted, realized, random } of values) {
    const sets = Array.from({ length: 32 }, (_, bits) => gains.flatMap((_, at) => bits >> at & 1 ? [at] : []))
      .filter((set) => set.length === experts);
    const each = sets.map((set) => jointGain(gains, set));
    assert.ok(Math.abs(random - each.reduce((sum, one) => sum + one, 0) / each.length) < 1e-12);
    const most = Math.max(...each);
    assert.ok(predicted <= most + 1e-12 && realized <= most + 1e-12 && realized >= (1 - 1 / Math.E) * most - 1e-12);
  }
  assert.equal(values.length, 5);
});
