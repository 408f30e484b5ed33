// Task arithmetic: the base plus the weighted sum of the task vectors (arXiv 2212.04089).
import { deltaMethod } from "./deltas.ts";

/** `θ_base + λ Σ w_i δ_i`. */
export const taskArithmetic = deltaMethod({
  name: "task_arithmetic",
  title: "Task arithmetic",
  description: "The base plus lambda times the weighted sum of the task vectors (model minus base).",
  source: "arXiv 2212.04089",
  sparsify: "none",
  elect: false,
  options: { weights: "1/n", lambda: 1, normalize: false },
});
