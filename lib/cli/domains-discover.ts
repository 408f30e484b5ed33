// `deno task domains discover <files…>`: clusters unlabeled documents, and writes a configuration to train on them.
import { join } from "node:path";
import { Command, Option } from "commander";
import {
  type Clustering,
  clusteringFacts,
  clustersTable,
  CONFIG_FILE,
  discoverDomains,
  MOST_CLUSTERS,
  REPORT_FILE,
} from "../domains/mod.ts";
import {
  defaultRunsFolder,
  formatTable,
  jsonLine,
  parseWithCommander,
  printable,
  readInteger,
  stopSignal,
} from "../run/mod.ts";
import { UserError } from "../errors.ts";
import { type Print, terminalWidth } from "./command.ts";
import { withEncoder } from "./encoder.ts";
import { showReading } from "./reading-progress.ts";

interface Options {
  readonly count: string;
  readonly out: string;
  readonly seed: string;
  readonly features: "tf-idf" | "hidden";
  readonly model?: string;
  readonly sample?: string;
  readonly dimensions: string;
  readonly balance: boolean;
  readonly leaveFar?: true;
  readonly textField: string;
  readonly skipBad?: true;
  readonly runs: string;
  readonly json?: true;
}

/** Documents that clusters are fitted to, by the features: a model takes longer. */
const SAMPLES = { "tf-idf": 16_384, hidden: 2048 } as const;

function commandOf(): Command {
  return new Command("domains discover")
    .description(
      "Finds domains in documents without labels, as C-BTM does: balanced k-means over tf-idf, or over the mean hidden " +
        "states of a model. It shows each cluster, " +
        "writes the documents of each into a file, and a configuration for deno task bts --config. A discovery that was " +
        "stopped or killed goes on when the command is given again.",
    )
    .argument(
      "<files...>",
      "paths, globs or folders of the text: .txt, .jsonl, .ndjson, .json, .csv, .tsv, .parquet, or any other text; .gz too",
    )
    .option("--count <clusters>", "how many domains", "8")
    .option("--out <folder>", "new or empty folder for the result", "domains")
    .option("--seed <number>", "seed of the sample and of the starts of k-means", "1")
    .addOption(
      new Option("--features <kind>", "what documents are compared by").choices(["tf-idf", "hidden"]).default("tf-idf"),
    )
    .option(
      "--model <run|folder>",
      "for hidden: a run, whose seed is taken, a model's folder, a .gguf file, or org/model",
    )
    .option(
      "--sample <documents>",
      "documents that the clusters are fitted to, at most (default: 16384, or 2048 by hidden states)",
    )
    .option("--dimensions <count>", "dimensions of tf-idf after projection", "100")
    .option("--no-balance", "let sizes differ: plain k-means")
    .option("--leave-far", "leave documents near no center to the seed: a domain without an expert")
    .option("--text-field <name>", "field of a record that holds the text, or a path such as meta.text", "text")
    .option("--skip-bad", "skip records and files that cannot be read")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--json", "write one JSON object");
}

/** Discovers domains in the files that the arguments name. @throws UserError as `discoverDomains()` does */
export async function discoverDomainsCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const parsed = parseWithCommander(commandOf(), args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const options = parsed.options as unknown as Options;
  const count = readInteger("--count", options.count, 2, MOST_CLUSTERS);
  checkModel(options);
  using progress = showReading(options.json === true);
  const { model, runs } = options;
  const discovery = {
    files: parsed.positional,
    count,
    out: options.out,
    seed: readInteger("--seed", options.seed, 0, 2 ** 32 - 1),
    sample: readInteger("--sample", options.sample ?? String(SAMPLES[options.features]), 3 * count, 1_000_000),
    dimensions: readInteger("--dimensions", options.dimensions, 1, 1000),
    balanced: options.balance,
    leaveFar: options.leaveFar === true,
    textField: options.textField,
    skipBad: options.skipBad === true,
    onProgress: progress.show,
    signal: stopSignal(),
  };
  const clustering = await withEncoder((open) =>
    discoverDomains({ ...discovery, encoder: model === undefined ? undefined : () => open(model, runs) })
  );
  progress[Symbol.dispose]();
  print(options.json ? jsonLine(clustering) : asText(clustering, options.out));
}

/** @throws UserError `command.model` for hidden states without a model, and for a model that is not used */
function checkModel({ features, model }: Options): void {
  if ((features === "hidden") === (model !== undefined)) return;
  throw features === "hidden"
    ? new UserError(
      "command.model",
      "Cannot compare documents by hidden states without a model",
      "name one with --model: a run, or a model's folder",
    )
    : new UserError("command.model", "--model is for --features hidden", "add --features hidden, or leave out --model");
}

function asText(clustering: Clustering, out: string): string {
  const typical = clustering.clusters.flatMap(({ name, typical }) => [
    "",
    `${name}, typical documents:`,
    ...typical.map(({ text }) => `  ${printable(text).slice(0, Math.min(terminalWidth(), 160) - 2)}`),
  ]);
  return [
    formatTable(clustersTable(clustering), terminalWidth()),
    ...clusteringFacts(clustering),
    ...typical,
    "",
    `Report: ${join(out, REPORT_FILE)}`,
    `See which deserve an expert: deno task domains rank --with ${out}`,
    `Train on them: deno task bts --config ${join(out, CONFIG_FILE)}`,
  ].join("\n");
}
