// Files of trained merges: equal logits after loading, small files if little is trained, and errors for other models.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { hashTensors, writeSafetensors } from "../../lib/huggingface/mod.ts";
import { calmLanguageModel, calmModel, initialCalm } from "../../lib/baselines/calm/model.ts";
import { btxTop2 } from "../../lib/baselines/btx/method.ts";
import { calm as calmMethod } from "../../lib/baselines/calm/method.ts";
import { routing } from "../../lib/baselines/routing/method.ts";
import { initialMixture, splitTrained } from "../../lib/baselines/mixture/start.ts";
import { initialRouter } from "../../lib/baselines/routing/model.ts";
import { loadMerge, type MergeFile, saveMerge } from "../../lib/baselines/mod.ts";
import { mixtureForward, mixtureModel } from "../../lib/baselines/mixture/model.ts";
import { type HostWeights, toDevice } from "../../lib/model/mod.ts";
import { deviceTest } from "../backends.ts";
import { bigWeights, difference, TINY, tokens } from "../tiny.ts";
import { MIXTURES, noisyMixture } from "./mixtures.ts";

async function inTemporaryFile(body: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(join(folder, "merge.safetensors"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const HASHES = ["a".repeat(64), "b".repeat(64), "c".repeat(64)];
const NAMED = ["seed", "code", "math"].map((name, i) => ({ name, weights: HASHES[i]! }));

deviceTest(
  "`loadMerge()` of a mixture that `saveMerge()` wrote gives the same logits",
  () =>
    inTemporaryFile(async (path) => {
      const mixture = MIXTURES["btx-top2"];
      const weights = noisyMixture(mixture);
      await saveMerge(path, { method: { kind: "mixture", config: mixture }, weights, models: NAMED });
      const loaded = await loadMerge(path, btxTop2.file, HASHES);
      assert.deepEqual(loaded.method.config, mixture);
      assert.deepEqual(loaded.models, NAMED);
      assert.equal(hashTensors(loaded.weights), hashTensors(weights));
      const of = (weights: HostWeights) =>
        mixtureForward(
          mixtureModel({ config: TINY, mixture: loaded.method.config, models: 3, weights: toDevice(weights) }),
          tokens(2, 8),
        );
      assert.equal(difference(of(loaded.weights), of(weights)), 0);
    }),
);

deviceTest(
  "the file of a mixture of adapters holds routers and adapters, and its models give the rest",
  () =>
    inTemporaryFile(async (path) => {
      const mixture = MIXTURES["bam-adapters"];
      const whole = noisyMixture(mixture);
      const { trained } = splitTrained(mixture, whole);
      await saveMerge(path, { method: { kind: "mixture", config: mixture }, weights: trained, models: NAMED });
      const { weights } = await loadMerge(path, btxTop2.file, HASHES);
      const values = Object.values(trained).reduce((sum, { data }) => sum + data.length, 0);
      assert.ok((await Deno.stat(path)).size < 4 * values + 16_384);
      const { frozen } = splitTrained(
        mixture,
        initialMixture(
          TINY,
          mixture,
          [1, 2, 3].map((i) => bigWeights(TINY, i)),
          9,
        ),
      );
      const of = (weights: HostWeights) =>
        mixtureForward(mixtureModel({ config: TINY, mixture, models: 3, weights: toDevice(weights) }), tokens(2, 8));
      assert.equal(difference(of({ ...frozen, ...weights }), of(whole)), 0);
    }),
);

deviceTest(
  "`loadMerge()` of CALM's connections gives the same logits, and of a router the same router",
  () =>
    inTemporaryFile(async (path) => {
      const calm = { connections: 2 };
      const start = initialCalm(calm, { augmenting: 2, width: TINY.width }, 3);
      const weights = Object.fromEntries(
        Object.entries(start).map(([name, { shape, data }]) => [name, { shape, data: data.map((x) => x + 0.1) }]),
      );
      await saveMerge(path, { method: { kind: "calm", config: calm }, weights, models: NAMED });
      const loaded = await loadMerge(path, calmMethod.file, HASHES);
      const [anchor, ...augmenting] = [1, 2, 3].map((seed) => toDevice(bigWeights(TINY, seed)));
      const of = (connections: HostWeights) =>
        calmLanguageModel(
          calmModel({
            config: TINY,
            calm: loaded.method.config,
            anchor: anchor!,
            augmenting,
            connections: toDevice(connections),
          }),
        ).logits(tokens(2, 8));
      assert.equal(difference(of(loaded.weights), of(weights)), 0);
      const router = initialRouter(3, TINY.width);
      await saveMerge(path, { method: { kind: "routing", config: {} }, weights: router, models: NAMED });
      assert.equal(hashTensors((await loadMerge(path, routing.file, HASHES)).weights), hashTensors(router));
    }),
);

const GOOD: MergeFile = {
  method: { kind: "routing", config: {} },
  weights: initialRouter(3, 4),
  models: NAMED,
};

Deno.test("`loadMerge()` refuses models that the merge was not trained with, and files of another method", async (t) => {
  const [a, b, c] = HASHES as [string, string, string];
  await inTemporaryFile(async (path) => {
    await saveMerge(path, GOOD);
    await loadMerge(path, routing.file, [a, b, c]);
    const cases = [
      ["another seed", [b, b, c], /model 1 \(seed\)/],
      ["another order", [a, c, b], /model 2 \(code\)/],
      ["a model too few", [a, b], /3 models, not 2/],
      ["a model too many", [a, b, c, c], /3 models, not 4/],
    ] as const;
    for (const [title, models, message] of cases) {
      await t.step(title, () =>
        assert.rejects(
          loadMerge(path, routing.file, models),
          (error) => error instanceof UserError && error.code === "merge.frozen" && message.test(error.message),
        ));
    }
    await t.step("another method", () =>
      assert.rejects(
        loadMerge(path, calmMethod.file, HASHES),
        (error) => error instanceof UserError && error.code === "merge.file" && /routing, not calm/.test(error.message),
      ));
  });
});

Deno.test("`loadMerge()` says why a file is not a merge file", async (t) => {
  const good = {
    format: "stitchbook-merge",
    method: JSON.stringify(GOOD.method),
    models: JSON.stringify(NAMED),
  };
  const calmFile = (config: string) => ({ ...good, method: `{"kind": "calm", "config": ${config}}` });
  const cases: [title: string, metadata: Record<string, string>, message: RegExp][] = [
    ["no metadata", {}, /"format"/],
    ["another format", { ...good, format: "stitchbook-stitches" }, /"format"/],
    ["a method that is not JSON", { ...good, method: "{" }, /"method": is not JSON/],
    ["an unknown method", { ...good, method: '{"kind": "average", "config": {}}' }, /of kind average, not calm/],
    ["a method without settings", { ...good, method: '{"kind": "calm"}' }, /"method/],
    ["a setting that there is not", calmFile('{"layers": 2}'), /"method.config": .*layers/],
    ["a setting out of range", calmFile('{"connections": 0}'), /"method.config.connections"/],
    ["no models", { ...good, models: "[]" }, /"models"/],
  ];
  for (const [title, metadata, message] of cases) {
    await t.step(title, () =>
      inTemporaryFile(async (path) => {
        await writeSafetensors(path, GOOD.weights, metadata);
        await assert.rejects(
          loadMerge(path, calmMethod.file, HASHES),
          (error) => error instanceof UserError && error.code === "merge.file" && message.test(error.message),
        );
      }));
  }
});
