// DELLA: drop at random, large elements less often, then add, with or without elected signs (arXiv 2406.11617).
import { deltaMethod } from "./deltas.ts";

const DROPS =
  "Keeps each element of a task vector with a probability that rises with its magnitude's rank in its row, " +
  "from `density − epsilon` to `density + epsilon`, and rescales the elements it keeps";

/** DELLA with an average of the elements that agree with the elected sign. */
export const della = deltaMethod({
  name: "della",
  title: "DELLA",
  description: `${DROPS}, elects a sign per element, and averages the values that agree.`,
  source: "arXiv 2406.11617",
  sparsify: "by-rank",
  elect: true,
  options: { weights: "1/n", density: 1, epsilon: 0.15, lambda: 1, normalize: true, rescale: "l1", seed: 1 },
});

/** DELLA's dropping with a weighted sum. */
export const dellaLinear = deltaMethod({
  name: "della_linear",
  title: "DELLA linear",
  description: `${DROPS}, then adds the weighted sum to the base.`,
  source: "arXiv 2406.11617",
  sparsify: "by-rank",
  elect: false,
  options: { weights: "1/n", density: 1, epsilon: 0.15, lambda: 1, normalize: false, rescale: "l1", seed: 1 },
});
