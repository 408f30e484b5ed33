// Models that were trained elsewhere: opening them, and checking that they fit together.
export {
  type HubCheckpoint,
  hubCheckpoint,
  type HubOutline,
  hubOutline,
  isHubId,
  type OnDownload,
} from "./hub/checkpoint.ts";
export { checkTarget, type Push, type Pushed, pushFiles } from "./hub/push.ts";
export { type FilesToPush, filesToPush, type FileToPush } from "./hub/push-files.ts";
export { jsonHash } from "./json.ts";
export { type License, licenseOf } from "./license.ts";
export type { PretrainedModel } from "./model.ts";
export { type OpenOptions, openPretrained } from "./open.ts";
export { readPretrained } from "./read.ts";
export { shapeDifference } from "./shape.ts";
export { tokenizerDifference } from "./tokenizer.ts";
