// Weights from a folder straight to the device: the same logits as of the folder's values in float32, in the memory that the
// stored precision takes.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { loadModelFolder, loadOnDevice, saveModelFolder, type WeightDtype } from "../../lib/huggingface/mod.ts";
import { decoder, initialWeights, modelConfigSchema, toDevice } from "../../lib/model/mod.ts";
import { heapBytes, openDevice } from "../../lib/tensor/mod.ts";
import { deviceTest } from "../backends.ts";
import { distance } from "../tensor/support.ts";

const sizes = { vocabSize: 300, width: 64, layers: 2, inner: 96, contextLength: 40 };
const ids = () => tf.tensor2d([[1, 2, 3, 299, 0, 7]], [1, 6], "int32");

async function withFolder(
  dtype: WeightDtype,
  options: { readonly tied?: boolean; readonly shardBytes?: number },
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const config = modelConfigSchema.parse({ ...sizes, tiedEmbeddings: options.tied ?? true });
    const { shardBytes } = options;
    await saveModelFolder(
      folder,
      { config, tensors: initialWeights(config, 5) },
      { dtype, ...(shardBytes === undefined ? {} : { shardBytes }) },
    );
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (
  const [dtype, options] of [["F32", {}], ["F16", { tied: false }], ["BF16", {}], ["BF16", {
    shardBytes: 60_000,
    tied: false,
  }]] as const
) {
  deviceTest(
    `\`loadOnDevice()\` gives the logits of the stored values [${dtype}, ${JSON.stringify(options)}]`,
    async () => {
      await withFolder(dtype, options, async (folder) => {
        const before = heapBytes()?.used ?? 0;
        const { config, weights } = await loadOnDevice(folder);
        const held = heapBytes() === undefined ? undefined : heapBytes()!.used - before;
        using packed = weights;
        using whole = toDevice((await loadModelFolder(folder)).tensors);
        const run = (all: typeof packed) => {
          const model = decoder(config, all);
          const state = model.decodingState();
          const logits = tf.tidy(() => model.logits(ids()).dataSync());
          const steps = [0, 1].map(() => tf.tidy(() => model.logits(ids().slice([0, 2], [1, 1]), [state]).dataSync()));
          state.dispose();
          const targets = tf.tensor2d([[2, 3, 299, 0, 7, -1]], [1, 6], "int32");
          return [logits, ...steps, tf.tidy(() => model.losses!(ids(), targets).dataSync())] as Float32Array[];
        };
        const logits = run(whole);
        run(packed).forEach((own, i) =>
          assert.ok(distance(own, logits[i]!) < 1e-6, `${i}: ${distance(own, logits[i]!)}`)
        );
        if (held === undefined) return;
        const stored = Object.values(whole).reduce((sum, { size }) => sum + size * (dtype === "F32" ? 4 : 2), 0);
        assert.ok(held <= 1.15 * stored + 8192, `${held} bytes for ${stored}`);
      });
    },
  );
}

Deno.test("a model that does not fit on the device is refused before it is read, with the numbers", async () => {
  const config = modelConfigSchema.parse({ ...sizes, vocabSize: 20_000, width: 512, contextLength: 40 });
  const folder = await Deno.makeTempDir();
  const device = await openDevice("cpu", { threads: 1, memoryLimit: 16 << 20 });
  try {
    await saveModelFolder(folder, { config, tensors: initialWeights(config, 1) }, { dtype: "BF16" });
    const before = heapBytes();
    await assert.rejects(loadOnDevice(folder), {
      code: "device.room",
      message: new RegExp(
        `The model in "${folder}" needs 0\\.0\\d GB of memory, but only 0\\.0\\d of the device's 0\\.02 GB`,
      ),
    });
    assert.deepEqual(heapBytes(), before);
  } finally {
    await device.close();
    await Deno.remove(folder, { recursive: true });
  }
});
