// Models as folders that other programs load.
export { type StitchedToWrite, writeStitched } from "./stitched/write.ts";
export { type MixtureToWrite, writeMixture } from "./mixture/write.ts";
