// What every method costs, against the paper's table and against counts of another kind.
import assert from "node:assert/strict";
import { btsConfigSchema, btsDefinition } from "../../lib/bts/config.ts";
import { forwardFlops, type ModelConfig, parameterCount } from "../../lib/model/config.ts";
import { compact } from "../../lib/report/format.ts";
import { buildConfig } from "../../lib/run/config/config.ts";
import type { MethodCost } from "../../lib/train/method-cost.ts";
import { pretrainFlops } from "../../lib/train/cost.ts";
import { baselineDefaults } from "../../lib/baselines/registry.ts";
import { type CostedMethods, methodCosts } from "../../lib/baselines/costs.ts";
import { methodCostTable } from "../../lib/report/cost-table.ts";
import { stitchConfig, TINY } from "../tiny.ts";

const preset = { name: "paper", value: btsDefinition.presets.paper!.config as Record<string, unknown> };
const { model, tokenizer, stitch, experts } = buildConfig(btsConfigSchema, { preset, sets: [] });
const PAPER: ModelConfig = { ...model, vocabSize: tokenizer.vocabSize };
const paper = byMethod(
  methodCosts({
    model: PAPER,
    settings: baselineDefaults({ stitch, experts, domains: ["english", ...experts] }, { calm: { connections: 4 } }),
  }),
);

/** The tiny model with this many experts, and default settings. */
function tiny(experts: number): CostedMethods {
  const names = Array.from({ length: experts }, (_, i) => `domain${i}`);
  return {
    model: TINY,
    settings: baselineDefaults({ stitch: stitchConfig(), experts: names, domains: ["english", ...names] }),
  };
}

function byMethod(costs: readonly MethodCost[]): Map<string, MethodCost> {
  return new Map(costs.map((cost) => [cost.method, cost]));
}

Deno.test("`methodCosts()` of the paper's shapes gives the paper's table", () => {
  const billions = (value: number) => `${(value / 1e9).toFixed(1)}B`;
  // Trained, total, active: arXiv 2502.00075's table of methods.
  const table: [method: string, trained: string, total: string, active: string][] = [
    ["soup", "0.0B", "2.7B", "2.7B"],
    ["btm", "0.0B", "10.8B", "10.8B"],
    ["btx-soft", "7.2B", "7.2B", "7.2B"],
    ["bam", "8.4B", "8.4B", "8.4B"],
    ["bam-adapters", "1.5B", "9.9B", "9.9B"],
  ];
  for (const [method, ...wanted] of table) {
    const { trained, total, active } = paper.get(method)!.parameters;
    assert.deepEqual([trained, total, active].map(billions), wanted, method);
  }
  const { trained, total, active } = paper.get("bts")!.parameters;
  assert.deepEqual([compact(trained), (total / 1e9).toFixed(0), (active / 1e9).toFixed(0)], ["264M", "11", "11"]);
  assert.equal(trained, 264_241_152);
  const sample = paper.get("btx-sample")!.parameters;
  assert.deepEqual([sample.trained, sample.total].map(billions), ["7.2B", "7.2B"]);
  const routed = paper.get("routing")!.parameters;
  assert.deepEqual([routed.total, routed.active].map(billions), ["10.8B", "2.7B"]);
});

Deno.test("`methodCosts()` does not force the two numbers of the paper that no plain count gives", () => {
  // The paper says 2.9B active for BTX sample; seed and routers are 2.7B. It says 15k for the router; d · models is 12k.
  assert.equal((paper.get("btx-sample")!.parameters.active / 1e9).toFixed(1), "2.7");
  assert.equal(paper.get("routing")!.parameters.trained, 4 * 3072);
});

Deno.test("`methodCosts()`: forward, BTS costs 3.7 seeds, and less than the ensemble by the experts' heads", () => {
  const [seed, bts, btm] = ["seed", "bts", "btm"].map((name) => paper.get(name)!.flops.forward);
  assert.equal((bts! / seed!).toFixed(1), "3.7");
  // Of the four stitches, two are H2E, which do not read the hub's gate.
  const stitches = (2 * 7 + 2 * 6) * 2 * 3072 ** 2;
  assert.equal(btm! - bts!, 3 * 2 * 128_000 * 3072 - stitches);
});

Deno.test("`methodCosts()` of a decoder alone are the decoder's", () => {
  const costs = byMethod(methodCosts(tiny(2)));
  const [own, forward] = [parameterCount(TINY), forwardFlops(TINY)];
  for (const method of ["seed", "expert", "soup", "dare-ties", "slerp"]) {
    assert.deepEqual(costs.get(method)!.parameters, { trained: 0, total: own, active: own });
    assert.deepEqual(costs.get(method)!.flops, { forward, backward: 0 });
  }
  const dense = costs.get("dense")!.flops;
  assert.equal(dense.forward + dense.backward, pretrainFlops(TINY));
  assert.ok(!costs.has("linear"), "linear is the soup");
});

Deno.test("`methodCosts()` counts a cache for every model whose attention runs", () => {
  const costs = byMethod(
    methodCosts({ ...tiny(2), cacheBytes: 4 }),
  );
  const one = 2 * TINY.layers * (TINY.width / TINY.heads) * TINY.kvHeads * 4;
  for (const method of ["seed", "soup", "routing", "btx-soft", "btx-top2"]) {
    assert.equal(costs.get(method)!.kvBytes, one, method);
  }
  for (const method of ["btm", "bam", "bam-adapters", "bts"]) assert.equal(costs.get(method)!.kvBytes, 3 * one, method);
  assert.equal(costs.get("calm")!.kvBytes, 3 * one + 2 * 2 * 2 * TINY.width * 4);
});

Deno.test("`methodCosts()`: one expert more adds what it should, to each method", () => {
  const at = (experts: number) => byMethod(methodCosts(tiny(experts)));
  const [two, three] = [at(2), at(3)];
  const more = (method: string) => three.get(method)!.parameters.total - two.get(method)!.parameters.total;
  const { width: d, inner, layers } = TINY;
  const own = parameterCount(TINY);
  const stitches = (experts: number) => 2 * (2 * experts + 1) * d ** 2;
  assert.equal(more("soup"), 0);
  assert.equal(more("btm"), own);
  assert.equal(more("routing"), own + d);
  assert.equal(more("btx-soft"), layers * (3 * d * inner + d));
  assert.equal(more("bam-adapters") - more("bam"), layers * 2 * d * d);
  assert.equal(more("calm"), own + 2 * 5 * d * d);
  assert.equal(more("bts"), own + stitches(3) - stitches(2));
  // A mixture that sends each token through one expert does not get dearer by the expert, but for the router.
  assert.equal(three.get("btx-sample")!.flops.forward - two.get("btx-sample")!.flops.forward, layers * 2 * d);
});

Deno.test("`methodCosts()`: DUME costs what BTX with one expert per token does, but for the biases and the training", () => {
  const costs = byMethod(methodCosts(tiny(2)));
  const [dume, sample] = [costs.get("dume")!, costs.get("btx-sample")!];
  const biases = TINY.layers * 3;
  assert.equal(dume.parameters.trained, 0);
  assert.equal(dume.parameters.total, sample.parameters.total + biases);
  assert.equal(dume.parameters.active, sample.parameters.active + biases);
  assert.deepEqual(dume.flops, { forward: sample.flops.forward + 2 * biases, backward: 0 });
  assert.equal(dume.kvBytes, sample.kvBytes);
});

Deno.test("`methodCosts()`: FlexOlmo trains feed-forwards and rows, and a token passes through at most four of them", () => {
  const at = (experts: number) => byMethod(methodCosts(tiny(experts))).get("flexolmo")!;
  const { width: d, inner, layers } = TINY;
  const [two, three, four] = [at(2), at(3), at(4)];
  assert.equal(two.parameters.total, parameterCount(TINY) + layers * (d + 1) + two.parameters.trained);
  assert.equal(two.parameters.trained, 2 * layers * (3 * d * inner + d + 1));
  assert.deepEqual([two, three].map(({ parameters: { total, active } }) => total - active), [0, 0]);
  assert.equal(four.parameters.total - four.parameters.active, layers * 3 * d * inner);
  const router = layers * 2 * (d + 1);
  assert.equal(three.flops.forward - two.flops.forward, router + layers * 2 * 3 * d * inner);
  assert.equal(four.flops.forward - three.flops.forward, router);
  assert.deepEqual([two.flops.backward, two.kvBytes], [four.flops.backward, four.kvBytes], "of one expert");
});

Deno.test("`methodCosts()`: Self-Stitch costs what BTS does, with the weights of one model", () => {
  const costs = byMethod(methodCosts(tiny(3)));
  const [self, bts] = [costs.get("self-stitch")!, costs.get("bts")!];
  assert.deepEqual([self.flops, self.kvBytes, self.parameters.trained], [
    bts.flops,
    bts.kvBytes,
    bts.parameters.trained,
  ]);
  assert.equal(self.parameters.total, parameterCount(TINY) + bts.parameters.trained);
  assert.equal(self.parameters.active, self.parameters.total);
});

Deno.test("`methodCosts()`: what is frozen costs less to train than what is not", () => {
  const ratio = (method: string) => paper.get(method)!.flops.backward / paper.get(method)!.flops.forward;
  for (const method of ["dense", "btx-soft", "btx-sample", "btx-top2", "bam"]) assert.equal(ratio(method), 2, method);
  for (const method of ["bam-adapters", "calm", "flexolmo", "bts"]) {
    assert.ok(ratio(method) > 0 && ratio(method) < 1.5, method);
  }
  assert.ok(ratio("calm") < ratio("bts"), "nothing flows back into CALM's augmenting models");
  assert.ok(ratio("routing") < 1e-6);
});

Deno.test("`methodCostTable()` has columns for what was measured only where anything was", () => {
  const costs = methodCosts(tiny(2));
  const titles = (measured?: Parameters<typeof methodCostTable>[1]) =>
    methodCostTable(costs, measured).columns.map(({ title }) => title);
  const own = titles().length;
  assert.ok(!titles().some((title) => /tokens\/s|memory/.test(title)));
  const scoring = { tokensPerSecond: 1234, bytes: 5e6 };
  assert.deepEqual(titles({ bts: { scoring } }).slice(own), ["scoring: tokens/s", "memory"]);
  const measured = { bts: { training: { tokensPerSecond: 99, bytes: null }, scoring } };
  assert.deepEqual(titles(measured).slice(own), ["training: tokens/s", "memory", "scoring: tokens/s", "memory"]);
  const rows = methodCostTable(costs, measured).rows;
  const row = rows.find(({ method }) => method === "BTS")!;
  const last = ["training-speed", "training-bytes", "scoring-speed", "scoring-bytes"];
  assert.deepEqual(last.map((key) => row[key]), ["99", "–", "1.23k", "5.0 MB"]);
  assert.deepEqual(last.map((key) => rows[0]![key]), ["–", "–", "–", "–"]);
});
