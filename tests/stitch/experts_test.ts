// Experts come and go: what stays the same, bit for bit.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { hashTensors } from "../../lib/huggingface/mod.ts";
import { type HostWeights, toDevice, toHost } from "../../lib/model/mod.ts";
import { initialStitches, stitchModels } from "../../lib/stitch/mod.ts";
import { deviceTest } from "../backends.ts";
import {
  assertClose,
  assertFar,
  bigWeights,
  difference,
  noisyStitches,
  stitchConfig,
  TINY,
  tinyStitched,
  tokens,
} from "../tiny.ts";
import { stitchedForward } from "../../lib/stitch/model.ts";

const GATES = ["vector", "scalar"] as const;

for (const gates of GATES) {
  for (const removed of [1, 2, 3]) {
    deviceTest(`removing expert ${removed} is setting its gate logit to minus infinity, ${gates} gates`, async () => {
      const stitch = stitchConfig({ count: 3, gates, initialization: "hub-preserving" });
      const noisy = noisyStitches(stitch, 3, 4);
      const [hub, ...experts] = [1, 2, 3, 4].map((seed) => toDevice(bigWeights(TINY, seed)));
      const silenced = Object.fromEntries(
        Object.entries(noisy).map(([name, tensor]) =>
          name.endsWith(`gate_bias.${removed}`)
            ? [name, { shape: [1], data: new Float32Array([-1e9]) }]
            : [name, tensor]
        ),
      );
      const ids = tokens(2, 8);
      const stitches = toDevice(noisy);
      const before = hashTensors(await toHost(stitches));
      const all = { config: TINY, stitch, hub: hub!, stitches };
      const present = [1, 2, 3].filter((i) => i !== removed);
      const without = stitchedForward(
        stitchModels({ ...all, experts: present.map((i) => experts[i - 1]!), present }),
        ids,
      );
      const silent = stitchedForward(stitchModels({ ...all, experts, stitches: toDevice(silenced) }), ids);
      assertClose(without, silent, 1e-5);
      assertFar(without, stitchedForward(stitchModels({ ...all, experts }), ids), 0.01, "with and without the expert");
      // The same stitches, none of them touched; and those of the ones present are all that is needed.
      assert.equal(hashTensors(await toHost(stitches)), before);
      const own = Object.fromEntries(Object.entries(stitches).filter(([name]) => !name.endsWith(`.${removed}`)));
      const model = stitchModels({ ...all, experts: present.map((i) => experts[i - 1]!), present, stitches: own });
      assert.equal(difference(stitchedForward(model, ids), without), 0);
    });
  }
}

deviceTest("adding an expert keeps the others' parameters bit for bit, and a silent one changes nothing", () => {
  const stitch = stitchConfig({ count: 2, initialization: "hub-preserving" });
  const trained = noisyStitches(stitch, 2, 4);
  const size = { stitches: 2, experts: 3, width: TINY.width };
  const grown: HostWeights = { ...initialStitches(stitch, size, 1), ...trained };
  for (const [name, tensor] of Object.entries(trained)) assert.deepEqual(grown[name], tensor);
  // A projection, a gate and a bias per stitch.
  assert.equal(Object.keys(grown).length, Object.keys(trained).length + 2 * 3);
  const [hub, ...experts] = [1, 2, 3, 4].map((seed) => toDevice(bigWeights(TINY, seed)));
  const ids = tokens(1, 8);
  const logits = (stitches: HostWeights, count: number) =>
    stitchedForward(
      stitchModels({ config: TINY, stitch, hub: hub!, experts: experts.slice(0, count), stitches: toDevice(stitches) }),
      ids,
    );
  const before = logits(trained, 2);
  // The new one's bias of −12 leaves it a thousandth at most beside trained gates of a few units.
  assertClose(logits(grown, 3), before, 1e-2 * tf.max(tf.abs(before)).dataSync()[0]!);
});

deviceTest("the order of the experts does not matter as long as each keeps its number", () => {
  const model = tinyStitched({ stitch: stitchConfig({ count: 3 }), experts: 3 });
  const { config, hub, experts, layers } = model;
  const ids = tokens(1, 8);
  const turned = stitchModels({
    config,
    stitch: layers[0]!.config,
    hub,
    experts: [experts[2]!, experts[0]!, experts[1]!],
    stitches: layers[0]!.weights,
    present: [3, 1, 2],
  });
  assertClose(stitchedForward(turned, ids), stitchedForward(model, ids), 2e-5);
});
