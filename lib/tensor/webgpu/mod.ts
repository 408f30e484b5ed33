// Our kernels for tfjs's WebGPU backend, over the stock ones.
import "./adam-w.ts";
import "./attention.ts";
import "./cross-entropy.ts";
import "./embedding.ts";
import "./half.ts";
import "./key-values.ts";
import "./linear.ts";
import "./pointwise.ts";
import "./product.ts";
import "./rms-norm.ts";
import "./stitch.ts";
import "./stock.ts";

export { registerKernels } from "./kernel.ts";
