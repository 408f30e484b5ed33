// The statistics of the update, on distributions that are known.
import assert from "node:assert/strict";
import { random } from "../../../lib/random.ts";
import { bimodalGroups } from "../../../lib/train/monitor/findings.ts";
import {
  bimodality,
  cosine,
  type GroupStatistics,
  groupStatistics,
  histogram,
  HISTOGRAM_BINS,
  nextUpdate,
  rms,
  type UpdateConstants,
} from "../../../lib/train/monitor/statistics.ts";
import { monitorConfigSchema } from "../../../lib/train/monitor/config.ts";
import { groupOf, type ParameterGroup } from "../../../lib/train/monitor/groups.ts";

const N = 20_000;
const source = random(1, "statistics");
const normals = Float32Array.from({ length: N }, () => source.normal());
const CONSTANTS: UpdateConstants = {
  step: 1000,
  learningRate: 0.01,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  gradientScale: 1,
};
const near = (value: number, wanted: number, tolerance: number) =>
  assert.ok(Math.abs(value - wanted) < tolerance, `${value}, not ${wanted}`);

Deno.test("`bimodality()` is 1/3 for a bell, 5/9 for a uniform, near 1 for two peaks, wherever they lie", () => {
  const uniform = normals.map(() => source.float());
  const peaks = normals.map((value, i) => (i % 2 === 0 ? 1 : -1) + 0.1 * value);
  near(bimodality(normals), 1 / 3, 0.02);
  near(bimodality(uniform), 5 / 9, 0.02);
  assert.ok(bimodality(peaks) > 0.9);
  for (const values of [normals, peaks]) near(bimodality(values.map((v) => 3 * v + 7)), bimodality(values), 1e-3);
});

Deno.test("`bimodality()` of few values is that of the definition by hand, and 0 where there is no spread", () => {
  // scipy.stats.skew and kurtosis with bias=False: 0.3790921809, -1.9132273475.
  near(bimodality([1, 2, 4, 7, 9]), (0.3790921809 ** 2 + 1) / (-1.9132273475 + 3 * 16 / 6), 1e-9);
  assert.equal(bimodality([5, 5, 5, 5, 5]), 0);
  assert.equal(bimodality([1, 2, 3]), 0);
});

Deno.test("`histogram()` counts every number once, what is outside at the ends, and no NaN", () => {
  const counts = histogram([-99, -1.5, -0.01, 0.01, 1.49, 99, Infinity, NaN]);
  assert.equal(counts.length, HISTOGRAM_BINS);
  assert.deepEqual([counts[0], counts[14], counts[15], counts[29]], [2, 1, 1, 3]);
  assert.equal(histogram(normals).reduce((a, b) => a + b), N);
});

Deno.test("`cosine()` and `rms()` follow their definitions, and nothing is 0", () => {
  near(cosine([1, 2, 2], [2, 4, 4]), 1, 1e-12);
  near(cosine([1, 0], [-1, 1]), -Math.SQRT1_2, 1e-12);
  assert.equal(cosine([0, 0], [1, 1]), 0);
  assert.equal(rms([3, 4, 0, 0]), 2.5);
  assert.equal(rms([]), 0);
});

Deno.test("`nextUpdate()` is AdamW's own step: one on a number by hand", () => {
  const values = {
    group: "mlp" as const,
    parameter: Float32Array.of(1),
    gradient: Float32Array.of(4),
    m: Float32Array.of(0.5),
    v: Float32Array.of(2),
  };
  const { ratios } = nextUpdate(values, { ...CONSTANTS, step: 3, gradientScale: 0.5 });
  const m = (0.9 * 0.5 + 0.1 * 2) / (1 - 0.9 ** 3), v = (0.95 * 2 + 0.05 * 4) / (1 - 0.95 ** 3);
  near(ratios[0]!, m / Math.sqrt(v), 1e-7);
});

/** The state of Adam's moments after many gradients `g(step)` at each of N coordinates. */
function watched(gradientAt: (coordinate: number, step: number) => number, steps = 200) {
  const m = new Float32Array(N), v = new Float32Array(N);
  let gradient = new Float32Array(N), previous = gradient;
  for (let step = 1; step <= steps; step++) {
    previous = gradient;
    gradient = m.map((_, i) => gradientAt(i, step));
    if (step === steps) break;
    gradient.forEach((g, i) => {
      m[i] = 0.9 * m[i]! + 0.1 * g;
      v[i] = 0.95 * v[i]! + 0.05 * g * g;
    });
  }
  const values = { group: "attention" as const, parameter: normals, gradient, m, v };
  return groupStatistics(values, previous, { ...CONSTANTS, step: steps });
}

Deno.test("`groupStatistics()` of gradients that are noise: a bell, no correlation in time, some descent", () => {
  const { updateRms, edge, bimodality, alignment, autocorrelation, belowEpsilon } = watched(() => source.normal());
  near(updateRms, Math.sqrt(0.1 / 1.9), 0.02); // of m over that of v
  assert.ok(edge < 0.01 && bimodality < 0.45, `${edge}, ${bimodality}`);
  near(autocorrelation!, 0, 0.03);
  near(alignment, 0.1 / Math.sqrt(0.1 / 1.9), 0.05); // the newest gradient's weight in m
  assert.equal(belowEpsilon, 0);
});

Deno.test("`groupStatistics()` of gradients that repeat themselves: two peaks at ±1, correlated in time", () => {
  const { updateRms, edge, bimodality, autocorrelation } = watched((i) => normals[i]!);
  near(updateRms, 1, 0.01);
  assert.ok(edge > 0.99 && bimodality > 0.95, `${edge}, ${bimodality}`);
  near(autocorrelation!, 1, 1e-6);
});

Deno.test("`groupStatistics()` tells of coordinates whose gradients are below ε, and of the update's size", () => {
  const { belowEpsilon, updateToWeight, updateRms } = watched((i) => i % 4 === 0 ? 1e-10 : 1e-3);
  near(belowEpsilon, 0.25, 1e-9);
  near(updateToWeight, 0.01 * updateRms / rms(normals), 1e-12);
});

Deno.test("`groupOf()` knows the parameters of decoders and stitches", () => {
  const groups = {
    "model.embed_tokens.weight": "embedding",
    "model.layers.3.self_attn.q_proj.weight": "attention",
    "model.layers.3.mlp.down_proj.weight": "mlp",
    "model.layers.3.post_attention_layernorm.weight": "norms",
    "model.norm.weight": "norms",
    "lm_head.weight": "head",
    "stitch.0.projection.2": "projections",
    "stitch.1.gate.0": "gates",
    "stitch.1.gate_bias.0": "gates",
    "something.else": "other",
  };
  for (const [name, group] of Object.entries(groups)) assert.equal(groupOf(name), group, name);
});

Deno.test("`bimodalGroups()` leaves out norms, head, embeddings that are the head, and what is small", () => {
  const settings = monitorConfigSchema.parse({});
  const one = (group: ParameterGroup, bimodality = 0.9, updateRms = 0.5) =>
    ({ group, bimodality, updateRms }) as GroupStatistics;
  const found = (...statistics: GroupStatistics[]) => bimodalGroups(statistics, settings).map(({ group }) => group);
  const decoder = [one("embedding"), one("attention"), one("mlp"), one("norms")];
  assert.deepEqual(found(...decoder, one("head")), ["embedding", "attention", "mlp"]);
  assert.deepEqual(found(...decoder), ["attention", "mlp"]);
  assert.deepEqual(found(one("projections"), one("gates", 0.5), one("other", 0.9, 0.1)), ["projections"]);
});
