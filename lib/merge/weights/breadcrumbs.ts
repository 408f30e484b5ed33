// Model breadcrumbs: drop outliers and the smallest, then add, with or without electing signs (arXiv 2312.06795).
import { deltaMethod } from "./deltas.ts";

const DROPS =
  "Drops the fraction `gamma` of largest elements of each task vector and each tensor, and so many of the " +
  "smallest that the fraction `density` is left";

/** Breadcrumbs, and the weighted sum. */
export const breadcrumbs = deltaMethod({
  name: "breadcrumbs",
  title: "Breadcrumbs",
  description: `${DROPS}, then adds the weighted sum to the base.`,
  source: "arXiv 2312.06795",
  sparsify: "no-extremes",
  elect: false,
  options: { weights: "1/n", density: 1, gamma: 0.01, lambda: 1, normalize: false, rescale: "none" },
});

/** Breadcrumbs, and the sum of those that agree with the elected sign. */
export const breadcrumbsTies = deltaMethod({
  name: "breadcrumbs_ties",
  title: "Breadcrumbs TIES",
  description: `${DROPS}, elects a sign for every element, then adds those that agree.`,
  source: "arXiv 2312.06795",
  sparsify: "no-extremes",
  elect: true,
  options: { weights: "1/n", density: 1, gamma: 0.01, lambda: 1, normalize: false, rescale: "none" },
});
