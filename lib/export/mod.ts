// Models as folders that other programs load.
export { type StitchedToWrite, writeStitched } from "./stitched/write.ts";
