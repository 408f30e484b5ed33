// Model breadcrumbs: drop the largest and smallest elements, then add, with or without elected signs (arXiv 2312.06795).
import { deltaMethod } from "./deltas.ts";

const DROPS =
  "Drops the fraction `gamma` of each tensor's largest task vector elements, and the smallest ones until the " +
  "fraction `density` is left";

/** Breadcrumbs with a weighted sum. */
export const breadcrumbs = deltaMethod({
  name: "breadcrumbs",
  title: "Breadcrumbs",
  description: `${DROPS}, then adds the weighted sum to the base.`,
  source: "arXiv 2312.06795",
  sparsify: "no-extremes",
  elect: false,
  options: { weights: "1/n", density: 1, gamma: 0.01, lambda: 1, normalize: false, rescale: "none" },
});

/** Breadcrumbs with a sum of the elements that agree with the elected sign. */
export const breadcrumbsTies = deltaMethod({
  name: "breadcrumbs_ties",
  title: "Breadcrumbs TIES",
  description: `${DROPS}, elects a sign per element, and adds the values that agree.`,
  source: "arXiv 2312.06795",
  sparsify: "no-extremes",
  elect: true,
  options: { weights: "1/n", density: 1, gamma: 0.01, lambda: 1, normalize: false, rescale: "none" },
});
