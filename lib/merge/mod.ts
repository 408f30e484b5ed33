// The merge room's public face: other ways than stitching to make one model of several.
export { soup } from "./soup.ts";
export { btmEnsemble } from "./ensemble/btm.ts";
export { type BtmOptions, mixedLosses, priorFromLosses } from "./ensemble/posterior.ts";
