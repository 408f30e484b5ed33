// The path of stitches in a cell's folder.
import { join } from "node:path";

/** The stitch file in the folder of a cell that trained or adapted stitches. */
export function stitchFile(folder: string): string {
  return join(folder, "stitches.safetensors");
}
