// Registers our kernels with tfjs's WebGPU backend, over the stock ones.
import { registerAdamW } from "./adam-w.ts";
import { registerAttention } from "./attention.ts";
import { registerCrossEntropy } from "./cross-entropy.ts";
import { registerEmbedding } from "./embedding.ts";
import { registerHalf } from "./half.ts";
import { registerLinear } from "./linear.ts";
import { registerPointwise } from "./pointwise.ts";
import { registerProducts } from "./product.ts";
import { registerRmsNorm } from "./rms-norm.ts";
import { registerStitch } from "./stitch.ts";
import { registerStock } from "./stock.ts";

let registered = false;

/** Registers our kernels, once. */
export function registerKernels(): void {
  if (registered) return;
  registerProducts();
  registerLinear();
  registerPointwise();
  registerRmsNorm();
  registerCrossEntropy();
  registerEmbedding();
  registerHalf();
  registerStitch();
  registerAttention();
  registerAdamW();
  registerStock();
  registered = true;
}
