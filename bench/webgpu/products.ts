// Matrix products by every tiling, to see whether the plan takes the fastest.
import * as tf from "@tensorflow/tfjs";
import { multiply, openWebGpu, planProduct, type Product, type ProductPlan, TILINGS } from "../../lib/tensor/mod.ts";

/** [M, N, K] of the steps of `small` and `135m`, forward (`nt`), back (`nn`) and for weights (`tn`), and large squares. */
const SIZES: readonly (readonly [number, number, number, "nt" | "nn" | "tn"])[] = [
  [2048, 256, 256, "nt"],
  [2048, 688, 256, "nt"],
  [256, 256, 2048, "tn"],
  [688, 256, 2048, "tn"],
  [2048, 576, 576, "nt"],
  [2048, 1536, 576, "nt"],
  [2048, 576, 1536, "nn"],
  [576, 576, 2048, "tn"],
  [1536, 576, 2048, "tn"],
  [192, 49152, 576, "nt"],
  [192, 576, 49152, "nn"],
  [49152, 576, 192, "tn"],
  [1024, 1024, 1024, "nt"],
  [4096, 4096, 4096, "nt"],
];

const REPEATS = 20;

/** Prints GFLOP/s of each size for each tiling, unsplit and split as planned, and for the plan itself. */
export async function timeProducts(print: (line: object) => void): Promise<void> {
  const { backend, close } = await openWebGpu();
  const device = backend.device as unknown as GPUDevice;
  for (const [M, N, K, kind] of SIZES) {
    const product: Product = {
      batch: 1,
      M,
      N,
      K,
      sharedA: true,
      sharedB: true,
      transposeA: kind === "tn",
      transposeB: kind === "nt",
    };
    const [a, b] = [tf.randomNormal([M * K]), tf.randomNormal([K * N])];
    const time = async (plan: ProductPlan): Promise<number> => {
      const run = () => backend.release(multiply(backend, product, a, b, [M, N], { plan }));
      for (let i = 0; i < 3; i++) run();
      backend.endComputePassEncoder();
      backend.submitQueue();
      await device.queue.onSubmittedWorkDone();
      const started = performance.now();
      for (let i = 0; i < REPEATS; i++) run();
      backend.endComputePassEncoder();
      backend.ensureCommandEncoderReady();
      backend.submitQueue();
      await device.queue.onSubmittedWorkDone();
      return Math.round(2 * M * N * K * REPEATS / (performance.now() - started) / 1e6);
    };
    const planned = planProduct(product, backend.limits);
    const all: Record<string, number> = {};
    for (const tiling of TILINGS) {
      for (const splits of new Set([1, 4, 8, 16])) {
        if (K / splits >= 64) all[`${tiling.rows}×${tiling.columns}/${splits}`] = await time({ tiling, splits });
      }
    }
    const { rows, columns } = planned.tiling;
    const plan = `${rows}×${columns}/${planned.splits}`;
    print({ job: "product", kind, M, N, K, plan, gflops: await time(planned), all });
    tf.dispose([a, b]);
  }
  await close();
}
