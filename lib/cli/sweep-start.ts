// `deno task sweep <experiment> …`: plans a sweep, checks every trial, and works on it.
import { Command, Option } from "commander";
import { DEVICES } from "../device-names.ts";
import {
  createSweep,
  engineOption,
  HEADLINE,
  jsonLine,
  type NewSweep,
  parseWithCommander,
  planSweep,
  takeEngineSettings,
  trialText,
} from "../run/mod.ts";
import { readWorkOptions, withWorkOptions, workOnSweep, type WorkTexts } from "./sweep-work.ts";
import { collect, type Print } from "./command.ts";

interface StartTexts extends WorkTexts, NewSweep {
  readonly dryRun?: true;
}

/**
 * Starts a sweep.
 *
 * @returns whether every trial is done and has the metric
 * @throws UserError as `planSweep()` and `executeSweep()` do
 */
export async function startSweepCommand(args: readonly string[], print: Print): Promise<boolean> {
  const command = new Command("sweep")
    .description(
      "Runs an experiment once for every point of a grid, or for points drawn at random; each trial is a run.\n" +
        "Also: sweep ls, sweep show <sweep>, sweep resume <sweep>, sweep stop <sweep>.",
    )
    .argument("<experiment>", "the experiment's script, such as experiments/bts.ts")
    .option("--grid <key=a,b,c>", "a setting and its values; may be repeated, every combination is a trial", collect)
    .option("--seeds <list>", "each combination once for each seed: 1,2,3 or 1-3 (default: 1)")
    .option("--random <count>", "draw this many points instead, from the grid's lists too")
    .option("--range <key=scale:low..high>", "a setting to draw; the scale is lin, log, int or log-int", collect)
    .option("--random-seed <number>", "seed of the draws (default: 1)")
    .option("--preset <name>", "preset of all trials")
    .option("--set <key=value>", "a setting of all trials; may be repeated", collect)
    .option("--config <file>", "settings of all trials from a file, which is copied")
    .addOption(new Option("--device <name>", "where to compute").choices(DEVICES))
    .option("--threads <number>", "threads of each trial")
    .addOption(engineOption())
    .option(
      "--metric <name>",
      "what trials are compared by: bpb, validation:min, stitch/loss:last, …; a name that no trial will have is " +
        "refused if the experiment declares its metrics, and otherwise makes the sweep end with exit code 1",
      HEADLINE.name,
    )
    .option("--name <text>", "a name for the sweep")
    .option("--force", "allow more than 2000 trials; is passed on to the experiment")
    .option("--dry-run", "check and print the trials, and stop");
  const { own, engineSettings } = takeEngineSettings(args);
  const parsed = parseWithCommander(withWorkOptions(command), own);
  if (parsed.kind === "help") {
    print(parsed.text.trimEnd());
    return true;
  }
  const texts = parsed.options as unknown as StartTexts;
  const options = readWorkOptions(texts);
  const plan = await planSweep(parsed.positional[0]!, { ...texts, engineSettings }, ["deno", "task", "sweep", ...args]);
  if (texts.dryRun) {
    const lines = plan.trials.map((trial, i) => `${String(i + 1).padStart(4)}  ${trialText(trial)}`);
    const json = { experiment: plan.experiment, trials: plan.trials };
    print(texts.json ? jsonLine(json) : [...lines, `${plan.trials.length} trials; nothing was written`].join("\n"));
    return true;
  }
  const id = await createSweep(texts.runs, plan, texts.config);
  return await workOnSweep(id, options, print);
}
