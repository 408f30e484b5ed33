// Attention's programs on WebGPU are few and small: some drivers take minutes to compile what others compile at once.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { causalAttention, openDevice } from "../../lib/tensor/mod.ts";
import { attentionProgram } from "../../lib/tensor/webgpu/attention-forward.ts";
import { keyGradientProgram, queryGradientProgram } from "../../lib/tensor/webgpu/attention-gradients.ts";
import { attentionLayout } from "../../lib/tensor/webgpu/attention-layout.ts";
import type { StitchbookWebGPU } from "../../lib/tensor/webgpu/backend.ts";
import { NO_FEATURES } from "../../lib/tensor/webgpu/features.ts";
import { optionalTest } from "../optional.ts";
import { documentValues, normalValues } from "./support.ts";

/** Bytes of workgroup memory: what every device has, and what most have. */
const MEMORY = [16384, 32768];

Deno.test("no loop of attention's programs has a bound that a driver could unroll it by", () => {
  for (const bytes of MEMORY) {
    for (const D of [4, 16, 64, 128]) {
      const [one, two] = [1, 2].map((rowTiles) => attentionLayout(D, rowTiles, bytes)!);
      for (const program of [attentionProgram(one!), queryGradientProgram(two!), keyGradientProgram(two!)]) {
        const loops = program.text(NO_FEATURES).match(/for \([^{]*\{/g)!;
        assert.ok(loops.length >= 5, program.key);
        for (const loop of loops) {
          assert.doesNotMatch(loop, /= *\w*\d+u;.*[<>]=? *(\d+u|[A-Z_]+);/, `${program.key}: ${loop}`);
        }
      }
    }
  }
});

optionalTest(
  "vulkan",
  "attention on WebGPU uses the same programs for every length and for head sizes up to 32",
  async () => {
    const device = await openDevice("webgpu");
    const backend = tf.backend() as StitchbookWebGPU;
    const counts: number[] = [];
    const shapes = [[1, 9, 9, 2, 1, 8], [2, 40, 40, 2, 2, 16], [1, 70, 70, 1, 1, 28], [3, 5, 60, 4, 2, 32], [
      1,
      1,
      9,
      1,
      1,
      4,
    ]];
    for (const masked of [false, true]) {
      for (const [B, T, S, H, G, D] of shapes as [number, number, number, number, number, number][]) {
        if (masked && S !== T) continue;
        const [q, k, v] = [[B, T, H, D], [B, S, G, D], [B, S, G, D]].map((shape, i) =>
          tf.tensor(normalValues(shape, i).data, shape as [number, number, number, number])
        ) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
        const documents = masked ? tf.tensor2d(documentValues(B, T, 4, 5).data, [B, T], "int32") : undefined;
        const gradients = tf.grads((...[q, k, v]) =>
          causalAttention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, documents)
        )([q, k, v]);
        await Promise.all(gradients.map((gradient) => gradient.data()));
        counts.push(backend.pipelineCount);
      }
    }
    // documents add the program that finds their spans
    const [first] = counts;
    assert.deepEqual(counts.map((count) => count - first!), [0, 0, 0, 0, 0, 1, 1, 1]);
    await device.close();
  },
  { sanitizeResources: false, sanitizeOps: false },
);
