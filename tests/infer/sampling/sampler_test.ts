// Sampling: the distributions of transformers' processors, draws in proportion, independence, and refused settings.
import assert from "node:assert/strict";
import type { SamplingSettings } from "../../../lib/infer/types.ts";
import { candidatesOf, sampler } from "../../../lib/infer/sampling/sampler.ts";
import { penalties } from "../../../lib/infer/sampling/penalties.ts";
import { resolveSampling } from "../../../lib/infer/sampling/settings.ts";
import { random } from "../../../lib/random.ts";
import { readCases } from "./cases.ts";

const SEED = crypto.getRandomValues(new Uint32Array(1))[0]!;
console.log(`seed ${SEED}`);

/** Random logits, some of them equal. */
function randomLogits(count: number, ...names: (string | number)[]): Float32Array {
  const stream = random(SEED, ...names);
  return Float32Array.from({ length: count }, () => Math.round(stream.normal() * 30) / 10);
}

/** The probabilities that are drawn from. */
function distribution(logits: Float32Array, settings: SamplingSettings, prompt: readonly number[] = []): number[] {
  const resolved = resolveSampling(settings, logits.length);
  const changed = logits.slice();
  penalties(resolved, prompt).apply(changed);
  const { ids, weights, count } = candidatesOf(changed, resolved);
  const probs = new Array<number>(logits.length).fill(0);
  const total = weights.subarray(0, count).reduce((sum, weight) => sum + weight, 0);
  for (let i = 0; i < count; i++) probs[ids[i]!] = weights[i]! / total;
  return probs;
}

Deno.test("tokens are drawn from the probabilities of transformers' processors, or greedily as there", async () => {
  for (const { settings, prompt, logits, probs, id } of await readCases()) {
    const name = JSON.stringify({ ...settings, logitBias: [...settings.logitBias ?? []] });
    if (probs === undefined) {
      assert.equal(sampler(settings, { vocabSize: logits.length, prompt }).next(logits.slice()), id, name);
      continue;
    }
    distribution(logits, settings, prompt).forEach((p, i) => {
      assert.equal(p === 0, probs[i] === 0, `${name}, token ${i}`);
      assert.ok(Math.abs(p - probs[i]!) <= 1e-5 * probs[i]!, `${name}, token ${i}: ${p}, not ${probs[i]}`);
    });
  }
});

Deno.test("top-k, top-p and min-p keep what a full sort keeps", () => {
  for (let round = 0; round < 400; round++) {
    const stream = random(SEED, "filters", round);
    const V = stream.between(1, 60);
    const logits = randomLogits(V, "filters", round, "logits");
    const topK = stream.between(0, V + 2);
    const topP = stream.pick([0, 0.1, 0.5, 0.9, 0.999, 1, stream.float()]);
    const minP = stream.pick([0, 0.01, 0.3, 1, stream.float()]);
    const order = Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b);
    const largest = logits[order[0]!]!;
    const weight = (id: number) => Math.exp(logits[id]! - largest);
    const likely = order.filter((id) => topK === 0 || topK >= V || logits[id]! >= logits[order[topK - 1]!]!);
    const total = likely.reduce((sum, id) => sum + weight(id), 0);
    let before = 0;
    const kept = new Set<number>();
    for (const id of likely) {
      // Rounding decides a sum that is exactly at the border.
      if (topP < 1 && kept.size > 0 && before >= topP * total - 1e-12) break;
      kept.add(id);
      before += weight(id);
    }
    const expected = [...kept].filter((id) => weight(id) >= minP).sort((a, b) => a - b);
    const probs = distribution(logits, { topK, topP, minP });
    assert.deepEqual(
      Array.from(probs.keys()).filter((id) => probs[id]! > 0),
      expected,
      `round ${round}: topK ${topK}, topP ${topP}, minP ${minP}`,
    );
  }
});

Deno.test("draws have the frequencies of their probabilities, by a chi-square test", () => {
  const logits = randomLogits(12, "chi-square");
  for (const settings of [{}, { temperature: 0.5 }, { temperature: 3, topK: 8, topP: 0.95 }]) {
    const probs = distribution(logits, settings);
    const expected = probs.filter((p) => p > 0);
    const draws = 20_000;
    const { next } = sampler({ ...settings, seed: SEED }, { vocabSize: 12, prompt: [] });
    const counts = new Array<number>(12).fill(0);
    for (let i = 0; i < draws; i++) counts[next(logits.slice())]!++;
    const chiSquare = probs.reduce((sum, p, id) => {
      if (p === 0) assert.equal(counts[id], 0);
      return p === 0 ? sum : sum + (counts[id]! - draws * p) ** 2 / (draws * p);
    }, 0);
    // Wilson and Hilferty's approximation of the quantile 1 − 1e-6 (4.75 standard deviations).
    const degrees = expected.length - 1;
    const limit = degrees * (1 - 2 / (9 * degrees) + 4.75 * Math.sqrt(2 / (9 * degrees))) ** 3;
    assert.ok(chiSquare < limit, `chi-square ${chiSquare} with ${degrees} degrees of freedom`);
  }
});

Deno.test("a draw depends on the seed and the place in the text, not on other samplers or earlier draws", () => {
  const logits = randomLogits(500, "seeds");
  const draws = (seed: number, other?: () => void) => {
    const { next } = sampler({ seed }, { vocabSize: 500, prompt: [] });
    return Array.from({ length: 20 }, () => {
      other?.();
      return next(logits.slice());
    });
  };
  const another = sampler({ seed: 9 }, { vocabSize: 800, prompt: [] });
  const alone = draws(SEED);
  assert.deepEqual(draws(SEED, () => another.next(randomLogits(800, "other"))), alone);
  assert.notDeepEqual(draws(SEED + 1), alone);
  // The place decides, whatever was drawn before it.
  const { next } = sampler({ seed: SEED }, { vocabSize: 500, prompt: [] });
  for (let i = 0; i < 19; i++) next(randomLogits(500, "before", i));
  assert.equal(next(logits.slice()), alone[19]);
});

Deno.test("presence and frequency penalties count generated tokens, the repetition penalty the prompt's, too", () => {
  const settings = { temperature: 0, presencePenalty: 0.5, frequencyPenalty: 1 };
  const { next } = sampler(settings, { vocabSize: 3, prompt: [0, 0, 0] });
  const logits = Float32Array.of(4, 3, 2);
  // 4, then 2.5, 1.5, 0.5: after each use of a token, the largest that is left.
  const sequence = Array.from({ length: 6 }, () => next(logits.slice()));
  assert.deepEqual(sequence, [0, 1, 0, 2, 0, 1]);
  const repeated = sampler({ temperature: 0, repetitionPenalty: 2 }, { vocabSize: 3, prompt: [0] });
  assert.deepEqual(Array.from({ length: 3 }, () => repeated.next(logits.slice())), [1, 0, 0]);
});

Deno.test("a constraint sees the logits before the choice, and the token after it", () => {
  const accepted: number[] = [];
  const constraint = {
    apply: (logits: Float32Array) => logits.fill(-Infinity, 2),
    accept: (id: number) => accepted.push(id),
    complete: false,
  };
  const options = { vocabSize: 4, prompt: [], constraint };
  const logits = Float32Array.of(1, 2, 9, 9);
  assert.equal(sampler({ temperature: 0 }, options).next(logits.slice()), 1);
  const { next } = sampler({ temperature: 1, topK: 3, seed: SEED }, options);
  for (let i = 0; i < 50; i++) assert.ok(next(logits.slice()) < 2);
  assert.equal(accepted.length, 51);
});

Deno.test("settings that are unknown or out of range are refused by name", () => {
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ temperature: -1 }, /^temperature cannot be -1: expected a number of at least 0/],
    [{ temperature: NaN }, /temperature cannot be NaN/],
    [{ temperature: "1" }, /temperature cannot be "1"/],
    [{ topK: 1.5 }, /topK cannot be 1.5: expected a whole number/],
    [{ topP: 1.1 }, /topP cannot be 1.1: expected a number from 0 to 1/],
    [{ minP: -0.1 }, /minP/],
    [{ repetitionPenalty: 0 }, /repetitionPenalty cannot be 0: expected a number above 0/],
    [{ presencePenalty: 3 }, /presencePenalty cannot be 3: expected a number from −2 to 2/],
    [{ frequencyPenalty: -3 }, /frequencyPenalty/],
    [{ seed: 0.5 }, /seed cannot be 0.5: expected a whole number/],
    [{ logitBias: new Map([[10, 1]]) }, /logitBias cannot be 10: expected token ids from 0 to 9 as keys/],
    [{ logitBias: new Map([[1, Infinity]]) }, /logitBias of token 1 cannot be Infinity/],
    [{ logitBias: { 1: 1 } }, /expected a Map/],
    [{ topp: 0.5 }, /There is no sampling setting "topp"/],
  ];
  for (const [settings, message] of wrong) {
    assert.throws(() => resolveSampling(settings, 10), { name: "UserError", code: "generate.sampling", message });
  }
  assert.equal(resolveSampling({ topP: 0.5 }, 10).temperature, 1);
});

Deno.test("logits that are not finite are reported, whatever the settings", () => {
  for (const settings of [{}, { temperature: 0 }, { topK: 1, topP: 0.5, minP: 0.1 }]) {
    for (const wrong of [NaN, Infinity]) {
      const { next } = sampler(settings, { vocabSize: 3, prompt: [] });
      const error = { name: "UserError", code: "generate.not-finite" };
      assert.throws(() => next(Float32Array.of(wrong, wrong, wrong)), error, `${wrong}, ${JSON.stringify(settings)}`);
    }
  }
});
