// DARE: drop at random and rescale, then add, with or without elected signs (arXiv 2311.03099).
import { deltaMethod } from "./deltas.ts";

const DROPS = "Keeps each element of a task vector with probability `density` and rescales the elements it keeps";

/** DARE with a weighted sum. */
export const dareLinear = deltaMethod({
  name: "dare_linear",
  title: "DARE linear",
  description: `${DROPS}, then adds the weighted sum to the base.`,
  source: "arXiv 2311.03099",
  sparsify: "random",
  elect: false,
  options: { weights: "1/n", density: 1, lambda: 1, normalize: false, rescale: "l1", seed: 1 },
});

/** DARE with a sum of the elements that agree with the elected sign. */
export const dareTies = deltaMethod({
  name: "dare_ties",
  title: "DARE TIES",
  description: `${DROPS}, elects a sign per element, and adds the values that agree.`,
  source: "arXiv 2311.03099",
  sparsify: "random",
  elect: true,
  options: { weights: "1/n", density: 1, lambda: 1, normalize: false, rescale: "l1", seed: 1 },
});
