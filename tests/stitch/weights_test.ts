// Stitch parameters: how many, how they start, and which are refused.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { type HostTensor, toDevice, type Weights } from "../../lib/model/mod.ts";
import { initialStitches, stitchModels, stitchParameterCount } from "../../lib/stitch/mod.ts";
import { undecayed } from "../../lib/stitch/mod.ts";
import { deviceTest } from "../backends.ts";
import { bigWeights, stitchConfig, TINY } from "../tiny.ts";
import { gateName } from "../../lib/stitch/kinds/gate-logits.ts";
import { projectionName } from "../../lib/stitch/kinds/parameters.ts";

const size = { stitches: 3, experts: 2, width: 16 };
const count = (weights: Readonly<Record<string, HostTensor>>) =>
  Object.values(weights).reduce((sum, { data }) => sum + data.length, 0);

Deno.test("`stitchParameterCount()` is K(2n+1)d²: the paper's stitches have 264.24M", () => {
  const paper = stitchParameterCount(stitchConfig({ count: 4 }), { stitches: 4, experts: 3, width: 3072 });
  assert.equal(paper, 4 * (2 * 3 + 1) * 3072 ** 2);
  assert.equal((paper / 1e6).toFixed(2), "264.24");
});

Deno.test("`initialStitches()` allocates exactly `stitchParameterCount()`, for n = 1, 2, 5 and K = 1 to 4", () => {
  for (const experts of [1, 2, 5]) {
    for (const stitches of [1, 2, 3, 4]) {
      const shape = { stitches, experts, width: 16 };
      assert.equal(count(initialStitches(stitchConfig(), shape, 1)), stitchParameterCount(stitchConfig(), shape));
    }
  }
});

Deno.test("`initialStitches()` has one row per scalar gate, and one bias per model if the hub is preserved", () => {
  const scalar = initialStitches(stitchConfig({ gates: "scalar" }), size, 1);
  assert.equal(count(scalar), 3 * (2 * 16 * 16 + 3 * 16));
  assert.equal(count(initialStitches(stitchConfig({ initialization: "hub-preserving" }), size, 1)), 3 * (5 * 256 + 3));
});

Deno.test("`initialStitches()` starts with identity projections and gates of zero", () => {
  const weights = initialStitches(stitchConfig(), size, 1);
  const identity = Array.from({ length: 256 }, (_, i) => i % 17 === 0 ? 1 : 0);
  for (let k = 0; k < 3; k++) {
    for (const i of [1, 2]) assert.deepEqual([...weights[projectionName(k, i)]!.data], identity);
    for (const i of [0, 1, 2]) assert.ok(weights[gateName(k, i)]!.data.every((value) => value === 0));
  }
});

Deno.test("`initialStitches()` draws random parameters from the seed and their names only", () => {
  const random = stitchConfig({ initialization: "random" });
  const weights = initialStitches(random, size, 7);
  assert.deepEqual(initialStitches(random, size, 7), weights);
  assert.notDeepEqual(initialStitches(random, size, 8), weights);
  // One more stitch or expert changes no other's start.
  const more = initialStitches(random, { ...size, stitches: 5, experts: 3 }, 7);
  for (const name of Object.keys(weights)) assert.deepEqual(more[name], weights[name], name);
  assert.notDeepEqual(weights[projectionName(0, 1)], weights[projectionName(1, 1)]);
  assert.notDeepEqual(weights[projectionName(0, 1)], weights[projectionName(0, 2)]);
  const variance = weights[projectionName(0, 1)]!.data.reduce((sum, value) => sum + value * value, 0) / 256;
  assert.ok(Math.abs(variance * 16 - 1) < 5 * Math.sqrt(2 / 256), `variance ${variance}, not 1/16`);
});

Deno.test("`undecayed()` names the hub's gate of every H2E, and nothing else", () => {
  assert.deepEqual(undecayed(stitchConfig(), { ...size, stitches: 4 }), new Set([gateName(0, 0), gateName(2, 0)]));
  assert.deepEqual(undecayed(stitchConfig(), { ...size, stitches: 1 }), new Set());
});

const refuses = (...words: string[]) => (error: unknown) =>
  error instanceof UserError && error.code === "stitch.weights" && words.every((word) => error.message.includes(word));

deviceTest("`stitchModels()` refuses parameters of another width, count, kind of gates or number of experts", () => {
  const model = toDevice(bigWeights(TINY, 1));
  const stitch = stitchConfig({ count: 2 });
  const made = (changes: Parameters<typeof stitchConfig>[0] = {}, shape = {}): Weights => {
    const settings = stitchConfig({ count: 2, ...changes });
    return toDevice(initialStitches(settings, { stitches: 2, experts: 2, width: TINY.width, ...shape }, 1));
  };
  const put = (stitches: Weights, experts = 2, present?: number[]) =>
    stitchModels({
      config: TINY,
      stitch,
      hub: model,
      experts: Array.from({ length: experts }, () => model),
      stitches,
      ...(present === undefined ? {} : { present }),
    });
  put(made());
  assert.throws(() => put(made({}, { width: 8 })), refuses(projectionName(0, 1), "[8,8]", "[16,16]"));
  assert.throws(() => put(made({}, { experts: 1 })), refuses(projectionName(0, 2), "missing"));
  assert.throws(() => put(made({}, { experts: 3 })), refuses(projectionName(0, 3)));
  assert.throws(() => put(made({}, { stitches: 1 })), refuses(projectionName(1, 1), "missing"));
  assert.throws(() => put(made({}, { stitches: 3 })), refuses(projectionName(2, 1)));
  assert.throws(() => put(made({ gates: "scalar" })), refuses(gateName(0, 0), "[1,16]", "[16,16]"));
  assert.throws(() => put(made({ initialization: "hub-preserving" })), refuses("stitch.0.gate_bias.0"));
  const { [gateName(1, 0)]: _, ...noHubGate } = made();
  assert.throws(() => put(noHubGate), refuses(gateName(1, 0), "missing"));
});

deviceTest("`stitchModels()` takes a subset of the experts only by their numbers", () => {
  const model = toDevice(bigWeights(TINY, 1));
  const stitch = stitchConfig({ count: 2 });
  const stitches = toDevice(initialStitches(stitch, { stitches: 2, experts: 3, width: TINY.width }, 1));
  const put = (experts: number, present: number[]) =>
    stitchModels({ config: TINY, stitch, hub: model, experts: Array(experts).fill(model), stitches, present });
  assert.deepEqual(put(2, [1, 3]).layers[0]!.present, [1, 3]);
  assert.throws(() => put(1, [1, 3]), refuses("1 experts", "[1,3]"));
  assert.throws(() => put(2, [1, 1]), refuses("[1,1]"));
  assert.throws(() => put(2, [1, 4]), refuses(projectionName(0, 4)));
  assert.throws(() => put(0, []), refuses("no experts"));
});
