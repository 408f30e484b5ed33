// What every kind of stitch must do, whichever kinds there are.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../../lib/errors.ts";
import { toDevice, toVariables } from "../../../lib/model/mod.ts";
import { random } from "../../../lib/random.ts";
import {
  initialStitches,
  STITCH_KINDS,
  stitchConfigSchema,
  stitchKind,
  stitchParameterCount,
  undecayed,
} from "../../../lib/stitch/mod.ts";
import { watchKernels } from "../../kernels.ts";
import { deviceTest } from "../../backends.ts";
import { difference, noisyStitches, stitchConfig, TINY } from "../../tiny.ts";
import { expertsIntoHub } from "../../../lib/stitch/kinds/experts-into-hub.ts";
import { applyStitch, stitchGates, type StitchLayer } from "../../../lib/stitch/layer.ts";

const [N, d, n] = [6, TINY.width, 3];

/** A stitch of this kind whose parameters are away from their initial values; a final E2H follows it. */
function layerOf(kind: StitchLayer["kind"], changes: Parameters<typeof stitchConfig>[0] = {}): StitchLayer {
  const config = stitchConfig({ kinds: [kind, expertsIntoHub.name], rank: 5, ...changes });
  return { index: 0, kind, config, weights: toDevice(noisyStitches(config, n, 3)), present: [1, 2, 3] };
}

function statesOf() {
  const normal = (i: number) => {
    const source = random(i, "state");
    return tf.tensor2d(Float32Array.from({ length: N * d }, () => source.normal()), [N, d]);
  };
  return { hub: normal(0), experts: [1, 2, 3].map(normal) };
}

Deno.test("kinds have distinct names, and settings with one name have one schema", () => {
  const names = STITCH_KINDS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { settings } of STITCH_KINDS) {
    for (const [name, schema] of Object.entries(settings)) {
      const others = STITCH_KINDS.map(({ settings }) => settings).filter((other) => Object.hasOwn(other, name));
      for (const other of others) assert.equal(other[name], schema, name);
      assert.ok(Object.hasOwn(stitchConfigSchema.parse({}), name), name);
    }
  }
});

Deno.test("`stitchKind()` refuses an unknown name and suggests the nearest", () => {
  assert.throws(
    () => stitchKind("E2H_LR"),
    (error) =>
      error instanceof UserError && error.code === "stitch.kind" && error.hint === "did you mean E2H-LR?" &&
      STITCH_KINDS.every(({ name }) => error.message.includes(name)),
  );
});

for (const { name } of STITCH_KINDS) {
  const kind = stitchKind(name);

  deviceTest(`${name}: only those who receive get a new state`, () => {
    for (const expertAfterE2H of ["projected", "pass-through"] as const) {
      const layer = layerOf(name, { expertAfterE2H });
      const receivers = kind.receivers(layer.config);
      const before = statesOf();
      const after = applyStitch(layer, before);
      assert.equal(difference(after.hub, before.hub) > 0, receivers.includes("hub"));
      after.experts.forEach((h, i) => {
        assert.equal(difference(h, before.experts[i]!) > 0, receivers.includes("experts"));
      });
    }
  });

  deviceTest(`${name}: gates have a column per model that they belong to, and shares sum to 1`, () => {
    for (const gates of ["vector", "scalar"] as const) {
      const found = stitchGates(layerOf(name, { gates }), statesOf().hub);
      assert.deepEqual(found.shape, [N, kind.shares ? n + 1 : n, d]);
      assert.ok(found.dataSync().every((gate) => gate > 0 && gate < 1));
      if (!kind.shares) continue;
      for (const sum of tf.sum(found, 1).dataSync()) assert.ok(Math.abs(sum - 1) < 1e-5, `sum ${sum}`);
    }
  });

  deviceTest(`${name}: a token's new state depends on that token only`, () => {
    const layer = layerOf(name);
    const all = applyStitch(layer, statesOf());
    const { hub, experts } = statesOf();
    const last = (x: tf.Tensor2D) => tf.slice(x, [N - 1, 0], [1, d]);
    const alone = applyStitch(layer, { hub: last(hub), experts: experts.map(last) });
    const close = (a: tf.Tensor2D, b: tf.Tensor2D) => assert.ok(difference(a, b) < 1e-5);
    close(alone.hub, last(all.hub));
    alone.experts.forEach((h, i) => close(h, last(all.experts[i]!)));
  });

  deviceTest(`${name}: reads every parameter but those exempt from weight decay`, () => {
    for (const initialization of ["identity", "hub-preserving", "random"] as const) {
      const config = stitchConfig({ kinds: [name, expertsIntoHub.name], rank: 5, initialization });
      const size = { stitches: 2, experts: n, width: d };
      const read = new Set<string>();
      const initial = initialStitches(config, size, 1);
      const own = Object.keys(initial).filter((name) => name.startsWith("stitch.0."));
      const weights = new Proxy(toDevice(initial), {
        get(target, name: string) {
          read.add(name);
          return target[name];
        },
      });
      applyStitch({ index: 0, kind: name, config, weights, present: [1, 2, 3] }, statesOf());
      const unread = own.filter((name) => !read.has(name));
      assert.deepEqual(unread, [...undecayed(config, size)].filter((name) => name.startsWith("stitch.0.")));
    }
  });

  deviceTest(`${name}: costs the matrix products that it computes`, () => {
    for (const gates of ["vector", "scalar"] as const) {
      const layer = layerOf(name, { gates });
      const parameters = toVariables(noisyStitches(layer.config, n, 3));
      let flops = 0;
      const count = () =>
        watchKernels(
          () => void applyStitch({ ...layer, weights: parameters }, statesOf()),
          (kernel, inputs) => {
            // x [rows, in] times the transpose of w [out, in].
            const tensors = Object.values(inputs);
            if (!/Linear$|MatMul$/.test(kernel) || tensors.length < 2) return;
            const [x, w] = tensors as [tf.TensorInfo, tf.TensorInfo];
            flops += 2 * x.shape.reduce((a, b) => a * b, 1) * w.shape.at(-2)!;
          },
        );
      count();
      assert.equal(flops / N, kind.flops(layer.config, { experts: n, width: d }).forward);
    }
  });
}

Deno.test("`stitchParameterCount()` of low-rank projections grows with the rank, up to more than full ones", () => {
  const count = (name: StitchLayer["kind"], rank = 1) =>
    stitchParameterCount(stitchConfig({ kinds: [name], rank }), { stitches: 1, experts: n, width: d });
  const full = count(expertsIntoHub.name);
  for (const rank of [1, 4, d / 2, d]) {
    assert.equal(count("E2H-LR", rank) - full, n * (2 * rank * d - d * d), `rank ${rank}`);
  }
});
