// Gates among the metrics of training: of every validation, and without a trace in the weights.
import assert from "node:assert/strict";
import { withGates } from "../../lib/bts/live-gates.ts";
import { hashTensors } from "../../lib/huggingface/mod.ts";
import { disposeWeights, toDevice, toHost, toVariables } from "../../lib/model/mod.ts";
import { isGateMetric } from "../../lib/run/mod.ts";
import { initialStitches, stitchModels } from "../../lib/stitch/mod.ts";
import { type StepReport, stitching, train, trainConfigSchema } from "../../lib/train/mod.ts";
import { deviceTest } from "../backends.ts";
import { bigWeights, randomBatch, stitchConfig, TINY } from "../tiny.ts";

/** Trains tiny stitches for two steps, of which the second is validated. */
async function trained(gates: boolean) {
  const stitch = stitchConfig();
  const [hub, ...experts] = [1, 2, 3].map((seed) => toDevice(bigWeights(TINY, seed)));
  const size = { stitches: stitch.count, experts: 2, width: TINY.width };
  const variables = toVariables(initialStitches(stitch, size, 1));
  const model = stitchModels({ config: TINY, stitch, hub: hub!, experts, stitches: variables });
  const config = trainConfigSchema.parse({ steps: 2, batch: 2, warmup: 0, validateEvery: 2 });
  const validation = ["law", "code", "law"].map((domain, i) => ({ ...randomBatch(3, 8, 90 + i), domain, weight: 1 }));
  const reports: StepReport[] = [];
  const onStep = (report: StepReport) => void reports.push(report);
  const task = stitching(model, variables, 3, {
    config,
    batchAt: (step) => randomBatch(2, 8, step),
    validation,
    onStep,
  });
  await train(gates ? withGates(task, model, validation, ["seed", "law", "code"]) : task);
  const weights = hashTensors(await toHost(variables));
  [variables, hub!, ...experts].forEach(disposeWeights);
  return { reports, weights, stitches: stitch.count };
}

deviceTest("gates are logged with each validation, by stitch, domain and model, and change no weight", async () => {
  const [{ reports, weights, stitches }, plain] = [await trained(true), await trained(false)];
  assert.equal(weights, plain.weights);
  const named = reports.map(({ values }) => Object.keys(values).filter(isGateMetric));
  assert.deepEqual(named.map(({ length }) => length > 0), [false, true]);
  const places = new Set(named[1]!.map((name) => name.split("/").slice(1, 3).join("/")));
  assert.equal(places.size, 2 * stitches);
  assert.deepEqual([...places].slice(0, 1), ["1/law"], "in the order of the domains");
  const { values } = reports[1]!;
  for (const name of named[1]!) assert.ok(values[name]! > 0 && values[name]! < 1, `${name} ${values[name]}`);
  // Of a stitch into the hub, which has a gate of its own there, the gates of all models sum to 1.
  const into = named[1]!.filter((name) => name.endsWith("/law/seed")).map((name) => name.replace(/seed$/, ""));
  assert.ok(into.length > 0);
  for (const place of into) {
    const sum = ["seed", "law", "code"].reduce((total, model) => total + values[place + model]!, 0);
    assert.ok(Math.abs(sum - 1) < 1e-5, `${place} ${sum}`);
  }
  const without = ({ step, values }: StepReport) => {
    const kept = Object.entries(values).filter(([name]) => !isGateMetric(name) && name !== "tokensPerSecond");
    return { step, values: Object.fromEntries(kept) };
  };
  assert.deepEqual(reports.map(without), plain.reports.map(without));
});
