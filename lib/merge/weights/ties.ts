// TIES: trim, elect signs, merge (arXiv 2306.01708).
import { deltaMethod } from "./deltas.ts";

/** Keeps the largest elements of each task vector, elects a sign per element, and averages the values that agree. */
export const ties = deltaMethod({
  name: "ties",
  title: "TIES",
  description:
    "Keeps the fraction `density` of each tensor's largest task vector elements, elects a sign per element by " +
    "their weighted sum, and averages the values that agree.",
  source: "arXiv 2306.01708",
  sparsify: "largest",
  elect: true,
  options: { weights: "1/n", density: 1, lambda: 1, normalize: true, rescale: "none" },
});
