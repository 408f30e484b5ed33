// Weight merges: properties that hold for any weights, and errors.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import type { MergeSettings } from "../../lib/merge/weights/options.ts";
import { mergeWeights } from "../../lib/merge/weights/merge.ts";
import { WEIGHT_METHODS, weightMethod } from "../../lib/merge/weights/methods.ts";
import { rankCuts } from "../../lib/merge/weights/ranks.ts";
import type { HostTensor, HostWeights } from "../../lib/model/weights.ts";
import { random } from "../../lib/random.ts";
import { bigWeights, TINY } from "../tiny.ts";

const seed = bigWeights(TINY, 1);
const [a, b] = [bigWeights(TINY, 2), bigWeights(TINY, 3)];
const DELTA_METHODS = WEIGHT_METHODS.filter(({ options }) => Object.hasOwn(options, "lambda")).map(({ name }) => name);
const refuses = (code: string, ...words: string[]) => (error: unknown) =>
  error instanceof UserError && error.code === code && words.every((word) => error.message.includes(word));

/** A model with one matrix of normal numbers. */
function matrix(rows: number, columns: number, name: string): HostWeights {
  const source = random(3, name);
  const data = Float32Array.from({ length: rows * columns }, () => source.normal());
  return { w: { shape: [rows, columns], data } };
}

function largestDifference(x: HostWeights, y: HostWeights): number {
  assert.deepEqual(Object.keys(x), Object.keys(y));
  return Math.max(
    ...Object.entries(x).map(([name, { data }]) =>
      data.reduce((max, value, i) => Math.max(max, Math.abs(value - y[name]!.data[i]!)), 0)
    ),
  );
}

Deno.test("`mergeWeights()` of models equal to the base is the base, for every method", () => {
  for (const { name, base, models: { most } } of WEIGHT_METHODS) {
    const density = Object.hasOwn(weightMethod(name).options, "density") ? { density: 0.5 } : {};
    const models = [seed, seed].slice(0, most);
    const merged = mergeWeights(name, { base: base ? seed : undefined, models }, density);
    assert.ok(largestDifference(merged, seed) < 1e-6, name);
  }
});

Deno.test("`mergeWeights()` of one model with its whole task vector is that model, for every method", () => {
  for (const name of DELTA_METHODS) {
    const merged = mergeWeights(name, { base: seed, models: [a] }, {
      density: name === "task_arithmetic" ? undefined : 1,
    });
    assert.ok(largestDifference(merged, a) < 1e-6, name);
  }
  assert.ok(largestDifference(mergeWeights("slerp", { base: seed, models: [a] }, { t: 1 }), a) < 1e-6);
  assert.ok(largestDifference(mergeWeights("slerp", { base: seed, models: [a] }, { t: 0 }), seed) < 1e-6);
});

Deno.test("`mergeWeights()` keeps nothing of the models at density 0 or lambda 0", () => {
  for (const name of DELTA_METHODS) {
    const settings: MergeSettings[] = name === "task_arithmetic" ? [{ lambda: 0 }] : [{ density: 0 }, { lambda: 0 }];
    for (const setting of settings) assert.deepEqual(mergeWeights(name, { base: seed, models: [a, b] }, setting), seed);
  }
});

Deno.test("task arithmetic is the base plus lambda times the weighted task vectors", () => {
  const merged = mergeWeights("task_arithmetic", { base: seed, models: [a, b] }, { weights: [0.6, -0.2], lambda: 0.5 });
  for (const [name, { data }] of Object.entries(merged)) {
    const [s, x, y] = [seed, a, b].map((model) => model[name]!.data);
    data.forEach((value, i) => {
      const wanted = s![i]! + 0.5 * (0.6 * (x![i]! - s![i]!) - 0.2 * (y![i]! - s![i]!));
      assert.ok(Math.abs(value - wanted) < 1e-6, `${name}[${i}]`);
    });
  }
});

Deno.test("opposite models have a finite Karcher mean and NuSLERP", () => {
  const one = matrix(4, 6, "one");
  const opposite = { w: { ...one.w!, data: one.w!.data.map((value) => -value) } };
  assert.ok(largestDifference(mergeWeights("karcher", { models: [one, opposite] }), one) < 1e-6);
  const halfway = { w: { ...one.w!, data: one.w!.data.map((value) => 0.5 * value) } };
  for (const flatten of [true, false]) {
    const merged = mergeWeights("nuslerp", { models: [one, opposite] }, { weights: [0.75, 0.25], flatten });
    assert.ok(merged.w!.data.every(Number.isFinite));
    if (flatten) assert.ok(largestDifference(merged, halfway) < 1e-6);
  }
});

Deno.test("the Karcher mean of two models of one length is their SLERP, and NuSLERP is SLERP by weights", () => {
  const [x, y] = [matrix(5, 8, "x"), matrix(5, 8, "y")];
  const length = (model: HostWeights) => Math.hypot(...model.w!.data);
  const even = { w: { ...y.w!, data: y.w!.data.map((value) => value * length(x) / length(y)) } };
  const slerp = (t: number) => mergeWeights("slerp", { base: x, models: [even] }, { t });
  assert.ok(largestDifference(mergeWeights("karcher", { models: [x, even] }), slerp(0.5)) < 1e-5);
  assert.ok(largestDifference(mergeWeights("nuslerp", { models: [x, even] }, { weights: [3, 1] }), slerp(0.25)) < 1e-5);
});

Deno.test("`mergeWeights()` refuses options of the spherical methods, SCE, Model Stock and passthrough out of range", () => {
  const cases: [method: string, settings: MergeSettings, ...says: string[]][] = [
    ["sce", { selectTopk: 1.5 }, "selectTopk", "1.5", "0 to 1"],
    ["karcher", { maxIter: 1.5 }, "maxIter", "1.5"],
    ["karcher", { tol: NaN }, "tol"],
    ["nuslerp", { rowWise: true }, "rowWise", "flatten"],
    ["nuslerp", { weights: [1] }, "weights", "1 values for 2 models"],
    ["model_stock", { weights: 1 }, "model_stock", "weights", "filterWise"],
    ["passthrough", { scale: Infinity }, "scale"],
  ];
  for (const [method, settings, ...says] of cases) {
    const { base, models: { most } } = weightMethod(method);
    const models = { base: base ? seed : undefined, models: [a, b].slice(0, most) };
    assert.throws(() => mergeWeights(method, models, settings), refuses("merge.option", ...says));
  }
});

Deno.test("random dropping depends on the seed, the tensor and the model, and repeats", () => {
  const base = { v: matrix(40, 50, "v").w!, w: matrix(40, 50, "w").w! };
  const plusOne = ({ shape, data }: HostTensor) => ({ shape, data: data.map((value) => value + 1) });
  const model = { v: plusOne(base.v), w: plusOne(base.w) };
  const drop = (seed: number) => {
    return mergeWeights("dare_linear", { base, models: [model, model] }, { density: 0.5, seed, rescale: "none" });
  };
  /** For each element, how many of the two models' halves were kept. */
  const kept = (merged: HostWeights, name: "v" | "w") => {
    return Array.from(merged[name]!.data, (value, i) => Math.round(2 * (value - base[name].data[i]!)));
  };
  assert.deepEqual(drop(1), drop(1));
  assert.ok(largestDifference(drop(1), drop(2)) > 0.4);
  // With equal draws for both models, no element would keep exactly one half.
  assert.deepEqual([...new Set(kept(drop(1), "w"))].sort(), [0, 1, 2]);
  assert.notDeepEqual(kept(drop(1), "v"), kept(drop(1), "w"));
});

Deno.test("a matrix under two names is merged once, for every method", () => {
  const twice = (model: HostWeights): HostWeights => ({
    ...model,
    "lm_head.weight": model["model.embed_tokens.weight"]!,
  });
  for (const { name, base, options, models: { most } } of WEIGHT_METHODS) {
    const settings = Object.hasOwn(options, "density") ? { density: 0.5 } : {};
    const models = [a, b].slice(0, most);
    const merge = (change: (model: HostWeights) => HostWeights) =>
      mergeWeights(name, { base: base ? change(seed) : undefined, models: models.map(change) }, settings);
    const merged = merge(twice);
    assert.deepEqual(merged["lm_head.weight"], merged["model.embed_tokens.weight"], name);
    // The result equals that of storing it once.
    const once = merge(({ "lm_head.weight": _, ...model }) => model);
    assert.deepEqual(merged["model.embed_tokens.weight"], once["model.embed_tokens.weight"], name);
  }
  // Tensors that are equal in only some models are different tensors.
  const models = [twice(a), b];
  const merged = mergeWeights("dare_linear", { base: twice(seed), models }, { density: 0.5 });
  assert.notDeepEqual(merged["lm_head.weight"], merged["model.embed_tokens.weight"]);
});

for (const method of ["dare_linear", "della_linear"]) {
  Deno.test(`\`${method}\` keeps the fraction density, and is unbiased with 1/probability`, () => {
    const base = matrix(30, 40, "base");
    const model = matrix(30, 40, "model");
    const [size, rounds, density] = [30 * 40, 400, 0.3];
    const sum = new Float64Array(size);
    let kept = 0;
    for (let seed = 0; seed < rounds; seed++) {
      const merged = mergeWeights(method, { base, models: [model] }, { density, rescale: "probability", seed }).w!.data;
      for (let i = 0; i < size; i++) {
        sum[i]! += merged[i]! - base.w!.data[i]!;
        if (merged[i] !== base.w!.data[i]) kept++;
      }
    }
    const total = size * rounds;
    assert.ok(
      Math.abs(kept / total - density) < 5 * Math.sqrt(density * (1 - density) / total),
      `${kept / total} kept`,
    );
    // The mean of δ·(mask/p) over the rounds has standard deviation |δ| √((1/p − 1)/rounds), and p ≥ 0.15.
    let chi = 0;
    for (let i = 0; i < size; i++) {
      const delta = model.w!.data[i]! - base.w!.data[i]!;
      const deviations = (sum[i]! / rounds - delta) / (Math.abs(delta) * Math.sqrt((1 / 0.15 - 1) / rounds));
      assert.ok(Math.abs(deviations) < 5, `element ${i} is off by ${deviations} deviations`);
      chi += deviations / size;
    }
    assert.ok(Math.abs(chi) < 5 / Math.sqrt(size), `off by ${chi} deviations on average`);
  });
}

Deno.test("DELLA's probabilities rise linearly with rank from density − epsilon to density + epsilon", () => {
  const columns = 20;
  const base = { w: { shape: [1, columns], data: new Float32Array(columns) } };
  // Shuffled magnitudes 1 to 20 with alternating signs.
  const order = Array.from({ length: columns }, (_, i) => 1 + (7 * i) % columns);
  const model = { w: { shape: [1, columns], data: Float32Array.from(order, (m, i) => i % 2 === 0 ? m : -m) } };
  const [rounds, density, epsilon] = [4000, 0.5, 0.4];
  const kept = new Float64Array(columns + 1);
  for (let seed = 0; seed < rounds; seed++) {
    const merged = mergeWeights("della_linear", { base, models: [model] }, { density, epsilon, rescale: "none", seed });
    for (const value of merged.w!.data) if (value !== 0) kept[Math.abs(value)]!++;
  }
  for (let magnitude = 1; magnitude <= columns; magnitude++) {
    const wanted = 0.1 + 0.8 * (magnitude - 1) / (columns - 1);
    const error = Math.abs(kept[magnitude]! / rounds - wanted);
    assert.ok(
      error < 5 * Math.sqrt(wanted * (1 - wanted) / rounds),
      `${magnitude}: ${kept[magnitude]! / rounds}, not ${wanted}`,
    );
  }
});

Deno.test("DELLA accepts rows of one element", () => {
  const base = { w: { shape: [500, 1], data: new Float32Array(500) } };
  const model = { w: { shape: [500, 1], data: new Float32Array(500).fill(1) } };
  const { data } = mergeWeights("della_linear", { base, models: [model] }, { density: 0.5, rescale: "none" }).w!;
  const kept = data.filter((value) => value === 1).length;
  assert.ok(data.every((value) => value === 0 || value === 1) && Math.abs(kept - 250) < 60, `${kept} of 500`);
});

Deno.test("`rankCuts()` finds every rank, with and without repeated magnitudes", () => {
  const source = random(5, "ranks");
  const values = Float32Array.from(
    { length: 300 },
    () => source.pick([0, -0, 1, -1, 1.0000001, 2 ** -149, 7e8, Infinity, NaN, source.normal()]),
  );
  const pieces = () => [values.subarray(0, 10), values.subarray(10, 11), values.subarray(11)];
  const magnitude = (value: number) => Number.isNaN(value) ? 1e99 : Math.min(1e98, Math.abs(value));
  const sorted = [...values].map(magnitude).sort((a, b) => a - b);
  for (let rank = 0; rank < values.length; rank++) {
    const [cut] = rankCuts(pieces, "ascending", [rank]);
    const below = sorted.filter((value) => value < sorted[rank]!).length;
    assert.equal(cut!.equals, rank - below, `rank ${rank}`);
  }
});

Deno.test("`mergeWeights()` refuses options that are out of range, of other methods, or not one per model", () => {
  const cases: [method: string, settings: MergeSettings, ...says: string[]][] = [
    ["ties", { density: 1.2 }, "density", "1.2", "0 to 1"],
    ["ties", { density: [0.5, -0.1] }, "density", "-0.1"],
    ["ties", { density: NaN }, "density", "NaN"],
    ["ties", { density: [0.5] }, "density", "1 values for 2 models"],
    ["ties", { weights: [1, Infinity] }, "weights", "Infinity"],
    ["ties", { lambda: NaN }, "lambda"],
    ["ties", { gamma: 0.1 }, "ties", "gamma"],
    ["ties", { rescale: "probability" }, "probability"],
    ["task_arithmetic", { density: 0.5 }, "task_arithmetic", "density"],
    ["breadcrumbs", { gamma: 2 }, "gamma", "2"],
    ["della", { density: 0.1 }, "density 0.1 ± epsilon 0.15"],
    ["della", { density: 0.5, epsilon: -0.1 }, "epsilon", "-0.1"],
    ["dare_ties", { density: 0.5, seed: 1.5 }, "seed", "1.5"],
    ["dare_ties", { density: 0.5, rescale: "l3" as "l1" }, "rescale", "l3"],
  ];
  for (const [method, settings, ...says] of cases) {
    assert.throws(
      () => mergeWeights(method, { base: seed, models: [a, b] }, settings),
      refuses("merge.option", ...says),
    );
  }
  assert.throws(
    () => mergeWeights("linear", { models: [a, b] }, { weights: [1, -1] }),
    refuses("merge.option", "sum to 0"),
  );
  assert.throws(
    () => mergeWeights("slerp", { base: seed, models: [a] }, { t: 1.5 }),
    refuses("merge.option", "t is 1.5"),
  );
});

Deno.test("`mergeWeights()` refuses unknown methods, too few or too many models, and other shapes, by name", () => {
  assert.throws(
    () => mergeWeights("tise", { base: seed, models: [a] }),
    (error) => refuses("merge.method", "tise")(error) && (error as UserError).hint!.includes("ties"),
  );
  assert.throws(() => mergeWeights("ties", { models: [a] }), refuses("merge.models", "ties needs a base"));
  assert.throws(
    () => mergeWeights("linear", { base: seed, models: [a] }),
    refuses("merge.models", "linear takes no base"),
  );
  assert.throws(
    () => mergeWeights("ties", { base: seed, models: [] }),
    refuses("merge.models", "at least 1 model besides"),
  );
  assert.throws(
    () => mergeWeights("slerp", { base: seed, models: [a, b] }),
    refuses("merge.models", "exactly 1 model"),
  );
  assert.throws(
    () => mergeWeights("model_stock", { base: seed, models: [a] }),
    refuses("merge.models", "at least 2 models besides the base, not 1"),
  );
  assert.throws(() => mergeWeights("nuslerp", { models: [a] }), refuses("merge.models", "exactly 2 models, not 1"));
  assert.throws(
    () => mergeWeights("passthrough", { models: [a, b] }),
    refuses("merge.models", "exactly 1 model, not 2"),
  );
  const other = { ...a, "model.norm.weight": { shape: [2, 8], data: new Float32Array(16) } };
  assert.throws(
    () => mergeWeights("ties", { base: seed, models: [a, other] }),
    refuses("merge.shape", "model.norm.weight", "the base", "model 2"),
  );
});
