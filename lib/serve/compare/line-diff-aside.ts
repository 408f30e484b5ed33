// Comparing texts without keeping the server's thread busy.
import { inWorker } from "../../in-worker.ts";
import type { LineDiff, LineDiffOptions } from "./line-diff.ts";

/** `lineDiff()` in a thread of its own: of long texts it takes up to a second. */
export function lineDiffAside(a: string, b: string, options: LineDiffOptions): Promise<LineDiff | undefined> {
  const worker = () => new Worker(new URL("./line-diff-worker.ts", import.meta.url), { type: "module" });
  return inWorker(worker, { a, b, options });
}
