// The options of `deno task merge`, their help, and their values.
import { Command, Option } from "commander";
import { didYouMean, UserError } from "../errors.ts";
import { SHARD_BYTES, TORCH_DTYPES, type WeightDtype } from "../huggingface/mod.ts";
import {
  expectedNumber,
  type MergeSettings,
  type OptionName,
  type Rescale,
  RESCALES,
  type TokenizerRequest,
  WEIGHT_METHODS,
  type WeightMethod,
  weightMethod,
} from "../merge/mod.ts";
import { defaultRunsFolder, readInteger, readNumber } from "../run/mod.ts";

/** Options as commander returns them, not yet parsed. */
export interface Options {
  readonly method?: string;
  readonly config?: string;
  readonly base?: string;
  readonly out?: string;
  readonly weights?: string;
  readonly density?: string;
  readonly gamma?: string;
  readonly epsilon?: string;
  readonly lambda?: string;
  readonly normalize?: boolean;
  readonly rescale?: Rescale;
  readonly t?: string;
  readonly seed?: string;
  readonly scale?: string;
  readonly filterWise?: true;
  readonly maxIter?: string;
  readonly tol?: string;
  readonly rowWise?: true;
  readonly flatten?: boolean;
  readonly selectTopk?: string;
  readonly dtype?: string;
  readonly tokenizerSource?: string;
  readonly padToMultipleOf?: string;
  readonly chatTemplate?: string;
  readonly allowConfigMismatch?: true;
  readonly shard: string;
  readonly runs: string;
  readonly json?: true;
}

/** The method given in the arguments, for its help; undefined if there is none. */
export function methodIn(args: readonly string[]): WeightMethod | undefined {
  const at = args.findLastIndex((arg) => arg === "--method" || arg === "-m" || arg.startsWith("--method="));
  const name = at < 0 ? undefined : args[at]!.includes("=") ? args[at]!.slice("--method=".length) : args[at + 1];
  return name === undefined || name.startsWith("-") ? undefined : weightMethod(name);
}

/** The command, with help for one method or for all. */
export function commandFor(method: WeightMethod | undefined): Command {
  const one = (name: keyof MergeSettings, flags: string, what: string): Option => {
    const preset = method?.options[name];
    const says = preset === undefined || flags.startsWith("--no-") ? "" : ` (default: ${preset})`;
    return new Option(flags, what + says).hideHelp(method !== undefined && preset === undefined);
  };
  const command = new Command("merge")
    .description(method === undefined ? generalHelp() : `${method.title}: ${method.description}\n${method.source}`)
    .argument(
      "[models...]",
      "model folders, .gguf files, models of a run (last:seed, last:code) or on the Hugging Face hub (org/model); " +
        "with a LoRA merged in: model+lora",
    )
    .option("-m, --method <name>", method === undefined ? "merge method, listed below" : "merge method")
    .addOption(
      new Option(
        "-b, --base <model>",
        "the model that the others were trained from; the merge keeps its configuration and tokenizer",
      )
        .hideHelp(method?.base === false),
    )
    .option("-c, --config <file>", "mergekit YAML file that names the method, the models and their parameters")
    .option("-o, --out <folder>", "output folder, new or empty")
    .addOption(one("weights", "-w, --weights <list>", "one weight per model, as in 0.5,0.3,0.2, or one for all"))
    .addOption(
      one(
        "density",
        "-d, --density <list>",
        "fraction of each task vector to keep, above 0, up to 1; one per model, or one for all",
      ),
    )
    .addOption(one("gamma", "--gamma <list>", "fraction of the largest elements to drop"))
    .addOption(one("epsilon", "--epsilon <list>", "half the width of the range of probabilities around the density"))
    .addOption(one("lambda", "--lambda <number>", "scale of the task vector that is added to the base"))
    .addOption(one("normalize", "--normalize", "divide by the sum of the weights"))
    .addOption(
      new Option("--no-normalize", "do not divide by the sum of the weights").hideHelp(
        method?.options.normalize !== true,
      ),
    )
    .addOption(
      one("rescale", "--rescale <how>", "how to scale the elements that are kept").choices([...RESCALES]),
    )
    .addOption(one("t", "-t, --t <number>", "position from 0, the base, to 1, the other model"))
    .addOption(one("seed", "--seed <number>", "seed for random dropping"))
    .addOption(one("selectTopk", "--select-topk <fraction>", "fraction of the elements of largest variance to keep"))
    .addOption(one("filterWise", "--filter-wise", "compute an angle per row instead of per tensor"))
    .addOption(one("flatten", "--no-flatten", "interpolate each row on its own instead of the tensor as one vector"))
    .addOption(one("rowWise", "--row-wise", "with --no-flatten: interpolate along the first dimension, not the last"))
    .addOption(one("maxIter", "--max-iter <number>", "maximum number of iterations"))
    .addOption(one("tol", "--tol <number>", "length of a step, in radians, at which the iteration has converged"))
    .addOption(one("scale", "--scale <number>", "factor of all weights"))
    .option(
      "--dtype <name>",
      `type of the merged weights: ${Object.values(TORCH_DTYPES).join(", ")} (default: the base's)`,
    )
    .option(
      "--tokenizer-source <which>",
      "align the vocabularies: union of all, base, or the tokenizer of a model (default: all must be equal)",
    )
    .option("--pad-to-multiple-of <n>", "with --tokenizer-source: pad the rows of embeddings and head")
    .option("--chat-template <template>", "auto (the models' most common one), chatml, a .jinja file, or Jinja")
    .option("--allow-config-mismatch", "merge models whose config.json disagree on what the weights mean")
    .option("--shard <gigabytes>", "maximum size of a weights file", String(SHARD_BYTES / 1e9))
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--json", "print the report as one JSON object");
  // Because of `--no-normalize`, Commander would default to true.
  command.setOptionValue("normalize", undefined);
  if (method === undefined) command.addHelpText("after", `\n${methodsHelp()}`);
  return command;
}

function generalHelp(): string {
  return "Merges models of one shape weight by weight. Models may be larger than memory.\n" +
    "--method <name> --help describes one method.";
}

function methodsHelp(): string {
  const width = Math.max(...WEIGHT_METHODS.map(({ name }) => name.length));
  const lines = WEIGHT_METHODS.map(({ name, options, base, title }) => {
    const takes = [
      ...(base === false ? [] : [base === "optional" ? "base (optional)" : "base"]),
      ...Object.keys(options).map(flagOf),
    ].join(", ");
    return `  ${name.padEnd(width)}  ${title}; options: ${takes}`;
  });
  return `Methods:\n${lines.join("\n")}`;
}

/** `selectTopk` as `select-topk`. */
export function flagOf(option: string): string {
  return option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The options of the method. @throws UserError `merge.option`, `command.malformed` */
export function settingsOf(given: Options): MergeSettings {
  const { weights, density, gamma, epsilon, lambda, t, seed } = given;
  const list = (option: OptionName, text: string | undefined) => {
    const values = text?.split(",").map((part) => readOption(option, part.trim()));
    return values?.length === 1 ? values[0] : values;
  };
  const number = (option: OptionName, text: string | undefined) =>
    text === undefined ? undefined : readOption(option, text);
  const kept = list("density", density);
  if ([kept].flat().includes(0)) {
    throw new UserError(
      "merge.option",
      `Cannot merge with --density ${density}: with density 0 nothing is left of a model; expected a number above 0, up to 1`,
      "Leave that model out",
    );
  }
  return {
    weights: list("weights", weights),
    density: kept,
    gamma: list("gamma", gamma),
    epsilon: list("epsilon", epsilon),
    lambda: number("lambda", lambda),
    normalize: given.normalize,
    rescale: given.rescale,
    t: number("t", t),
    seed: seed === undefined ? undefined : readInteger("--seed", seed, 0, 2 ** 32 - 1),
    scale: number("scale", given.scale),
    filterWise: given.filterWise,
    maxIter: given.maxIter === undefined ? undefined : readInteger("--max-iter", given.maxIter, 0, 1e6),
    tol: number("tol", given.tol),
    rowWise: given.rowWise,
    // Commander sets it to true where `--no-flatten` is not given.
    flatten: given.flatten === false ? false : undefined,
    selectTopk: number("selectTopk", given.selectTopk),
  };
}

/** @throws UserError `command.malformed`, `merge.option` */
function readOption(option: OptionName, text: string): number {
  const flag = `--${flagOf(option)}`;
  const value = readNumber(flag, text);
  const expected = expectedNumber(option, value);
  if (expected === undefined) return value;
  throw new UserError(
    "merge.option",
    `Cannot take ${flag} ${text}: expected ${expected}`,
    "merge --help says what it means",
  );
}

/** What the options say of the tokenizer. @throws UserError `command.malformed` */
export function tokenizerOf({ tokenizerSource: source, padToMultipleOf: pad }: Options): TokenizerRequest | undefined {
  if (source !== undefined) {
    return {
      source,
      tokens: new Map(),
      padTo: pad === undefined ? 1 : readInteger("--pad-to-multiple-of", pad, 1, 1e6),
    };
  }
  if (pad === undefined) return undefined;
  throw new UserError(
    "command.malformed",
    "Cannot take --pad-to-multiple-of alone: it is about vocabularies that are aligned",
    "give --tokenizer-source union or base, too",
  );
}

/** Bytes from gigabytes. */
export function readShard(text: string): number {
  const gigabytes = readNumber("--shard", text);
  if (gigabytes > 0) return gigabytes * 1e9;
  throw new UserError(
    "command.malformed",
    `Cannot read --shard ${text}: expected gigabytes above 0`,
    "write it as in --shard 5",
  );
}

/** @throws UserError `command.malformed` */
export function dtypeOf(text: string): WeightDtype {
  const [dtype] = Object.entries(TORCH_DTYPES).find(([own, torch]) => text === torch || text.toUpperCase() === own) ??
    [];
  if (dtype !== undefined) return dtype as WeightDtype;
  throw new UserError(
    "command.malformed",
    `Cannot read --dtype ${text}: expected one of ${Object.values(TORCH_DTYPES).join(", ")}`,
    didYouMean(text, Object.values(TORCH_DTYPES), "", "leave it out to keep the type of the base"),
  );
}
