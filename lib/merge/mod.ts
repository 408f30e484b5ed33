// The merge room's public face: other ways than stitching to make one model of several.
export { soup } from "./soup.ts";
export { btmEnsemble } from "./btm.ts";
