// Branch-Train-MiX (arXiv 2403.07816): the models' feed-forwards become the experts of a mixture, and all of it is
// trained.
import { mixtureMethod } from "../mixture/method.ts";

const trains = "routers and all";

export const btxSoft = mixtureMethod({
  name: "btx-soft",
  label: "BTX soft",
  source: "arXiv 2403.07816",
  trains,
  summary: "feed-forwards become the experts of a mixture, all of which process every token; all else is averaged",
  code: import.meta,
  mixture: {},
});

export const btxSample = mixtureMethod({
  name: "btx-sample",
  label: "BTX sample",
  source: "arXiv 2403.07816",
  trains,
  summary: "the same, with one expert per token, sampled in training",
  code: import.meta,
  mixture: { routing: "sample" },
});

export const btxTop2 = mixtureMethod({
  name: "btx-top2",
  label: "BTX top-2",
  source: "arXiv 2403.07816",
  trains,
  summary: "the same, with the best two experts per token",
  code: import.meta,
  mixture: { routing: "top-2" },
});
