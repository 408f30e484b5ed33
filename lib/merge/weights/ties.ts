// TIES: trim, elect signs, merge (arXiv 2306.01708).
import { deltaMethod } from "./deltas.ts";

/** Keeps the largest of each task vector, elects a sign for every element, averages those that agree with it. */
export const ties = deltaMethod({
  name: "ties",
  title: "TIES",
  description:
    "Keeps the fraction `density` of largest elements of each task vector and each tensor, elects a sign for " +
    "every element by their weighted sum, and averages those that agree.",
  source: "arXiv 2306.01708",
  sparsify: "largest",
  elect: true,
  options: { weights: "1/n", density: 1, lambda: 1, normalize: true, rescale: "none" },
});
