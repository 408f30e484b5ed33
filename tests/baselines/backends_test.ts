// Mixtures, CALM, DUME, Self-Stitch, routing and ensembles do the same on WebGPU, where routes cannot be read at once, as on the CPU.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { btmEnsemble } from "../../lib/merge/mod.ts";
import { calmModel, initialCalm } from "../../lib/baselines/calm/model.ts";
import { initialRouter, routedLanguageModel, ROUTER } from "../../lib/baselines/routing/model.ts";
import { mixtureForward, mixtureModel } from "../../lib/baselines/mixture/model.ts";
import { fitRouters } from "../../lib/baselines/dume/fit.ts";
import { mixtureConfigSchema } from "../../lib/baselines/mixture/config.ts";
import { selfStitch } from "../../lib/baselines/self-stitch/method.ts";
import { decoder, disposeWeights, toDevice, toVariables, type Weights } from "../../lib/model/mod.ts";
import { type DeviceName, openDevice } from "../../lib/tensor/mod.ts";
import { calmTraining } from "../../lib/baselines/calm/training.ts";
import { mixtureTraining } from "../../lib/baselines/mixture/training.ts";
import { routerTraining } from "../../lib/baselines/routing/training.ts";
import { train, trainConfigSchema } from "../../lib/train/mod.ts";
import { optionalTest } from "../optional.ts";
import { bigWeights, randomBatch, stitchConfig, TINY, tokens } from "../tiny.ts";
import { MIXTURES, noisyMixture } from "./mixtures.ts";
import { disposeAll, statesOf } from "../decoding.ts";

const MODELS = [1, 2, 3].map((seed) => bigWeights(TINY, seed));
const config = trainConfigSchema.parse({ steps: 3, batch: 2, warmup: 0, lr: 1e-3 });

/** Losses and gradient norms of a few steps of each method, and what the trained models say. */
async function trainOn(name: DeviceName): Promise<Record<string, number[]>> {
  const device = await openDevice(name);
  assert.equal(device.name, name);
  const curves: Record<string, number[]> = {};
  const optionsFor = (method: string) => ({
    config,
    batchAt: (step: number) => randomBatch(2, 8, step),
    validation: [randomBatch(2, 8, 99)],
    onStep: ({ values }: { values: Readonly<Record<string, number>> }) =>
      void (curves[method] ??= []).push(values["loss"]!, values["gradientNorm"]!),
  });
  const ids = tokens(3, 8);
  try {
    for (const method of ["btx-sample", "btx-top2", "bam"] as const) {
      const mixture = MIXTURES[method];
      const variables = toVariables(noisyMixture(mixture)); // routers that decide, so that rounding flips no choice
      const model = mixtureModel({ config: TINY, mixture, models: 3, weights: variables });
      await train(mixtureTraining(model, variables, 5, optionsFor(method)));
      const logits = tf.tidy(() => mixtureForward(model, ids));
      curves[method]!.push(...(await logits.data()).filter((_, i) => i % 37 === 0));
      logits.dispose();
      disposeWeights(variables);
    }
    const dume = mixtureConfigSchema.parse({ routing: "sample", bias: true });
    const documents = MODELS.map((_, i) => Array.from({ length: 10 }, (_, j) => randomBatch(1, 9, 10 * i + j).inputs));
    const options = { lambda: 0.1, temperature: 0.1 };
    const fitted = await fitRouters({ model: TINY, mixture: dume, models: MODELS, documents, options });
    curves["dume"] = Object.values(fitted.weights).flatMap(({ data }) => [...data]);

    const stitch = { copies: 2, stitch: stitchConfig({ dropout: 0.1 }) };
    {
      using training = selfStitch.start({ model: TINY, config: stitch, models: MODELS.slice(0, 1), rngSeed: 1 });
      await train(training.task(optionsFor("self-stitch")));
    }

    const frozen = MODELS.map((model): Weights => toDevice(model)) as [Weights, ...Weights[]];
    const [anchor, ...augmenting] = frozen;
    const connections = toVariables(initialCalm({ connections: 2 }, { augmenting: 2, width: TINY.width }, 1));
    const calm = calmModel({ config: TINY, calm: { connections: 2 }, anchor, augmenting, connections });
    await train(calmTraining(calm, connections, optionsFor("calm")));

    const router = toVariables(initialRouter(3, TINY.width));
    await train(routerTraining(TINY, frozen, router, 5, optionsFor("routing")));
    const routed = routedLanguageModel({
      models: frozen.map((weights) => decoder(TINY, weights)),
      table: anchor["model.embed_tokens.weight"] as tf.Tensor2D,
      router: router[ROUTER]! as tf.Tensor as tf.Tensor2D,
    });
    const states = statesOf(routed, 3);
    for (const chunk of [tf.slice(ids, [0, 0], [3, 5]), tf.slice(ids, [0, 5], [3, 3])]) {
      const logits = routed.logits(chunk, states);
      curves["routing"]!.push(...(await logits.data()).filter((_, i) => i % 37 === 0));
      tf.dispose([logits, chunk]);
    }
    disposeAll(states);
    const mixture = btmEnsemble(frozen.map((weights) => decoder(TINY, weights)), { topK: 2, history: 3 });
    const next = tf.tensor2d([[-1, -1, 3, 4, 5, 6, 7, 8]], [1, 8], "int32");
    const row = tf.slice(ids, [0, 0], [1, 8]);
    for (const losses of [routed.losses!(row, next), mixture.losses!(row, next), mixture.logits(row)]) {
      curves["routing"]!.push(...(await losses.data()).slice(0, 40));
      losses.dispose();
    }
    tf.dispose([next, row]);
    for (const weights of [...frozen, connections, router]) disposeWeights(weights);
    return curves;
  } finally {
    ids.dispose();
    await device.close();
    await tf.setBackend("cpu");
  }
}

optionalTest("vulkan", "all built methods take the same steps on WebGPU as on our CPU backend", async () => {
  const expected = await trainOn("cpu");
  const found = await trainOn("webgpu");
  for (const [method, values] of Object.entries(expected)) {
    const scale = Math.max(...values.map(Math.abs));
    values.forEach((value, i) =>
      assert.ok(Math.abs(found[method]![i]! - value) < 2e-3 * scale, `${method} ${i}: ${found[method]![i]} ${value}`)
    );
  }
}, { sanitizeOps: false, sanitizeResources: false });
