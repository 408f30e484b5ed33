// Stitch files: small, the same logits after loading, and no use with other models than their own.
import assert from "node:assert/strict";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../lib/errors.ts";
import { hashTensors, writeSafetensors } from "../../lib/huggingface/mod.ts";
import { type HostWeights, toDevice, toHost } from "../../lib/model/mod.ts";
import { loadStitches, saveStitches, type StitchConfig, stitchModels } from "../../lib/stitch/mod.ts";
import { deviceTest } from "../backends.ts";
import { assertFar, bigWeights, difference, noisyStitches, stitchConfig, TINY, tinyStitched, tokens } from "../tiny.ts";
import { stitchedForward } from "../../lib/stitch/model.ts";

async function inTemporaryFile(body: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(join(folder, "stitches.safetensors"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (
  const [what, changes] of [
    ["vector gates", {}],
    ["scalar gates", { gates: "scalar" }],
    ["low-rank projections", { kinds: ["E2H-LR", "H2E", "E2H-LR"], rank: 3 }],
  ] satisfies [string, Partial<StitchConfig>][]
) {
  deviceTest(`\`loadStitches()\` of what \`saveStitches()\` wrote gives the same logits, ${what}`, async () => {
    const stitch = stitchConfig({ count: 3, initialization: "hub-preserving", ...changes });
    const { config, hub, experts, layers, ...model } = tinyStitched({ stitch });
    const ids = tokens(2, 8);
    const expected = stitchedForward({ config, hub, experts, layers, ...model }, ids);
    await inTemporaryFile(async (path) => {
      const stitches = await toHost(layers[0]!.weights);
      const named = [{ name: "code", weights: "b" }, { name: "math", weights: "c" }];
      await saveStitches(path, { config: stitch, stitches, hub: "a", experts: named });
      const loaded = await loadStitches(path, { hub: "a", experts: ["b", "c"] });
      assert.deepEqual({ ...loaded, stitches: undefined }, {
        config: stitch,
        stitches: undefined,
        hub: "a",
        experts: named,
      });
      const again = stitchModels({ config, stitch: loaded.config, hub, experts, stitches: toDevice(loaded.stitches) });
      assertFar(expected, tf.zerosLike(expected), 0.1);
      assert.equal(difference(stitchedForward(again, ids), expected), 0);
      const { size } = await Deno.stat(path);
      const values = Object.values(stitches).reduce((sum, { data }) => sum + data.length, 0);
      assert.ok(size < 4 * values + 8192, `${size} bytes for ${values} values: the stitches and nothing else`);
    });
  });
}

const STITCH = stitchConfig({ count: 2 });
const STITCHES = noisyStitches(STITCH, 2, 1);
const hashOf = (seed: number) => hashTensors(bigWeights(TINY, seed));

Deno.test("`loadStitches()` refuses models that the stitches were not trained with, in any way", async (t) => {
  const [a, b, c] = [hashOf(1), hashOf(2), hashOf(3)];
  const changed: HostWeights = structuredClone(bigWeights(TINY, 3));
  changed["model.norm.weight"]!.data[0]! += 1e-6;
  await inTemporaryFile(async (path) => {
    const experts = [{ name: "code", weights: b }, { name: "math", weights: c }];
    await saveStitches(path, { config: STITCH, stitches: STITCHES, hub: a, experts });
    await loadStitches(path, { hub: a, experts: [b, c] });
    const cases = [
      ["another hub", { hub: b, experts: [b, c] }, /the hub /],
      ["experts in another order", { hub: a, experts: [c, b] }, /expert 1 \(code\)/],
      ["an expert that changed in one value", { hub: a, experts: [b, hashTensors(changed)] }, /expert 2 \(math\)/],
      ["an expert too few", { hub: a, experts: [b] }, /2 experts, not 1/],
      ["an expert too many", { hub: a, experts: [b, c, c] }, /2 experts, not 3/],
    ] as const;
    for (const [title, frozen, message] of cases) {
      await t.step(title, async () => {
        await assert.rejects(
          loadStitches(path, frozen),
          (error) => error instanceof UserError && error.code === "stitch.frozen" && message.test(error.message),
        );
      });
    }
  });
});

Deno.test("`loadStitches()` names what makes a file no stitch file", async (t) => {
  const good = {
    format: "stitchbook-stitches",
    stitch: JSON.stringify(STITCH),
    hub: "a",
    experts: JSON.stringify([{ name: "code", weights: "b" }]),
  };
  const cases: [title: string, metadata: Record<string, string>, message: RegExp][] = [
    ["no metadata", {}, /"format"/],
    ["another format", { ...good, format: "pt" }, /"format"/],
    ["a configuration that is not JSON", { ...good, stitch: "{" }, /"stitch": is not JSON/],
    ["a configuration with unknown keys", { ...good, stitch: '{"counts": 2}' }, /"stitch"/],
    ["no experts", { ...good, experts: "[]" }, /"experts"/],
    ["an expert without its hash", { ...good, experts: '[{"name": "code"}]' }, /"experts\.0\.weights"/],
  ];
  for (const [title, metadata, message] of cases) {
    await t.step(title, () =>
      inTemporaryFile(async (path) => {
        await writeSafetensors(path, STITCHES, metadata);
        await assert.rejects(
          loadStitches(path),
          (error) => error instanceof UserError && error.code === "stitch.file" && message.test(error.message),
        );
      }));
  }
  await t.step("values that are whole numbers", () =>
    inTemporaryFile(async (path) => {
      await writeSafetensors(path, { "stitch.0.gate.0": { shape: [2], data: new Int32Array(2) } }, good);
      await assert.rejects(loadStitches(path), (error) => error instanceof UserError && error.code === "stitch.file");
    }));
});

Deno.test("`loadStitches()` reads files from before kinds had settings of their own", async () => {
  await inTemporaryFile(async (path) => {
    const { rank: _, expertAfterE2H: __, initialization, ...older } = STITCH;
    await writeSafetensors(path, STITCHES, {
      format: "stitchbook-stitches",
      stitch: JSON.stringify({ ...older, initialisation: initialization }),
      hub: "a",
      experts: JSON.stringify([{ name: "code", weights: "b" }]),
    });
    assert.deepEqual((await loadStitches(path)).config, STITCH);
  });
});
