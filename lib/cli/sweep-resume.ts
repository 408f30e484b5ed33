// `deno task sweep resume <sweep>`: runs the trials of a sweep that are not done.
import { Command } from "commander";
import { parseWithCommander, rankTrials, readMetric, readSweep, resolveSweep } from "../run/mod.ts";
import { readWorkOptions, withWorkOptions, workOnSweep, type WorkTexts } from "./sweep-work.ts";
import type { Print } from "./command.ts";

/**
 * Resumes a sweep.
 *
 * @returns whether every trial is done and has the metric
 * @throws UserError `sweep.none`, `sweep.metric`, and as `executeSweep()` does
 */
export async function resumeSweepCommand(args: readonly string[], print: Print): Promise<boolean> {
  const command = new Command("sweep resume")
    .description("Runs the trials of a sweep that are pending, failed, lost or stopped.")
    .argument("[sweep]", "id or name of the sweep, the start of an id, or last", "last")
    .option("--metric <name>", "what trials are compared by (default: the sweep's own)");
  const parsed = parseWithCommander(withWorkOptions(command), args);
  if (parsed.kind === "help") {
    print(parsed.text.trimEnd());
    return true;
  }
  const texts = parsed.options as unknown as WorkTexts & { readonly metric?: string };
  const options = readWorkOptions(texts);
  const { metric } = texts;
  if (metric !== undefined) readMetric(metric);
  const id = await resolveSweep(options.runs, parsed.positional[0] ?? "last");
  // A trial that is done has every metric that there will be.
  const view = await readSweep(options.runs, id);
  if (view?.trials.some(({ status }) => status === "done")) rankTrials(view, metric);
  return await workOnSweep(id, metric === undefined ? options : { ...options, metric }, print);
}
