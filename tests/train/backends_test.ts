// Training agrees across devices: a few steps of a decoder, then of stitches, on the reference, our CPU and WebGPU.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { disposeWeights, toDevice, toHost, toVariables } from "../../lib/model/mod.ts";
import { disposeFrozen, freezeModels, initialStitches, stitchModels } from "../../lib/stitch/mod.ts";
import { type DeviceName, openDevice } from "../../lib/tensor/mod.ts";
import { pretraining, stitching, train, trainConfigSchema } from "../../lib/train/mod.ts";
import { optionalTest } from "../optional.ts";
import { bigWeights, randomBatch, stitchConfig, TINY } from "../tiny.ts";

/** A run on one device: losses and gradient norms of every step, and the weights at the end. */
interface Outcome {
  readonly curve: readonly number[];
  readonly weights: Readonly<Record<string, Float32Array>>;
}

const config = trainConfigSchema.parse({ steps: 3, batch: 2, warmup: 0, lr: 1e-3 });
const batchAt = (step: number) => randomBatch(2, 8, step);

/** Opens a device and trains on it as often as `times` says. */
async function trainOn(name: DeviceName, times = 1): Promise<Outcome[]> {
  const device = await openDevice(name);
  assert.equal(device.name, name);
  try {
    const outcomes: Outcome[] = [];
    while (outcomes.length < times) outcomes.push(await trainOnce());
    return outcomes;
  } finally {
    await device.close();
    await tf.setBackend("cpu");
  }
}

async function trainOnce(): Promise<Outcome> {
  const curve: number[] = [];
  const onStep = ({ values }: { values: Readonly<Record<string, number>> }) =>
    void curve.push(values["loss"]!, values["gradientNorm"]!);
  const options = { config, batchAt, onStep, validation: [randomBatch(2, 8, 99)] };
  const decoder = toVariables(bigWeights(TINY, 1));
  await train(pretraining(TINY, decoder, options));

  const stitch = stitchConfig({ count: 2, dropout: 0.1 });
  const [hub, ...experts] = [1, 2, 3].map((seed) => toDevice(bigWeights(TINY, seed)));
  const stitches = toVariables(initialStitches(stitch, { stitches: 2, experts: 2, width: TINY.width }, 1));
  const model = stitchModels({ config: TINY, stitch, hub: hub!, experts, stitches });
  await train(stitching(model, stitches, 5, options));

  // Once more as a user with little memory would: layers recomputed, frozen models stacked and in half precision,
  // projections of low rank.
  const sparing = { ...options, config: { ...config, activations: "recompute" as const } };
  const half = stitchConfig({ ...stitch, frozen: "half", kinds: ["H2E", "E2H-LR"], rank: 3 });
  const frozen = freezeModels(TINY, half, [1, 2, 3].map((seed) => bigWeights(TINY, seed)));
  const others = toVariables(initialStitches(half, { stitches: 2, experts: 2, width: TINY.width }, 2));
  await train(
    stitching(stitchModels({ config: TINY, stitch: half, ...frozen, stitches: others }), others, 5, sparing),
  );
  disposeFrozen(frozen);

  const renamed = Object.entries(await toHost(others)).map(([key, tensor]) => [`half ${key}`, tensor] as const);
  const host = { ...await toHost(decoder), ...await toHost(stitches), ...Object.fromEntries(renamed) };
  [decoder, stitches, others, hub!, ...experts].forEach(disposeWeights);
  return { curve, weights: Object.fromEntries(Object.entries(host).map(([key, { data }]) => [key, data])) };
}

function assertAgrees(actual: Outcome, expected: Outcome): void {
  actual.curve.forEach((value, i) => {
    assert.ok(Math.abs(value - expected.curve[i]!) <= 1e-4 * Math.abs(expected.curve[i]!), `${i}: ${value}`);
  });
  for (const [name, values] of Object.entries(expected.weights)) {
    const scale = Math.max(...values.map(Math.abs));
    // Adam divides by the gradient's own size, so a gradient that is all rounding moves a weight by up to lr a step.
    const far = values.filter((value, i) => Math.abs(value - actual.weights[name]![i]!) > 1e-4 * scale).length;
    assert.ok(far <= 0.01 * values.length, `${name}: ${far} of ${values.length} differ`);
  }
}

let reference: Promise<Outcome[]> | undefined;
const expected = async () => (await (reference ??= trainOn("reference")))[0]!;

Deno.test("`train()` takes the same steps on our CPU backend as on stock tfjs", async () => {
  const outcome = await expected();
  const [ours] = await trainOn("cpu");
  assertAgrees(ours!, outcome);
});

optionalTest(
  "vulkan",
  "`train()` takes the same steps on WebGPU as on stock tfjs, the same bytes each time",
  async () => {
    const outcome = await expected();
    const [first, second] = await trainOn("webgpu", 2);
    assertAgrees(first!, outcome);
    assert.deepEqual(second, first);
  },
  { sanitizeOps: false, sanitizeResources: false },
);
