// `deno task domains discover <files…>`: clusters unlabeled documents, and writes a configuration to train on them.
import { join } from "node:path";
import { Command } from "commander";
import {
  type Clustering,
  clusteringFacts,
  clustersTable,
  CONFIG_FILE,
  discoverDomains,
  MOST_CLUSTERS,
  REPORT_FILE,
} from "../domains/mod.ts";
import { formatTable, jsonLine, parseWithCommander, printable, readInteger, stopSignal } from "../run/mod.ts";
import { type Print, terminalWidth } from "./command.ts";
import { showReading } from "./reading-progress.ts";

interface Options {
  readonly count: string;
  readonly out: string;
  readonly seed: string;
  readonly sample: string;
  readonly dimensions: string;
  readonly balance: boolean;
  readonly leaveFar?: true;
  readonly textField: string;
  readonly skipBad?: true;
  readonly json?: true;
}

function commandOf(): Command {
  return new Command("domains discover")
    .description(
      "Finds domains in documents without labels, as C-BTM does: balanced k-means over tf-idf. It shows each cluster, " +
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
    .option("--sample <documents>", "documents that the clusters are fitted to, at most", "16384")
    .option("--dimensions <count>", "dimensions of the features", "100")
    .option("--no-balance", "let sizes differ: plain k-means")
    .option("--leave-far", "leave documents near no center to the seed: a domain without an expert")
    .option("--text-field <name>", "field of a record that holds the text, or a path such as meta.text", "text")
    .option("--skip-bad", "skip records and files that cannot be read")
    .option("--json", "write one JSON object");
}

/** Discovers domains in the files that the arguments name. @throws UserError as `discoverDomains()` does */
export async function discoverDomainsCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const parsed = parseWithCommander(commandOf(), args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const options = parsed.options as unknown as Options;
  const count = readInteger("--count", options.count, 2, MOST_CLUSTERS);
  using progress = showReading(options.json === true);
  const clustering = await discoverDomains({
    files: parsed.positional,
    count,
    out: options.out,
    seed: readInteger("--seed", options.seed, 0, 2 ** 32 - 1),
    sample: readInteger("--sample", options.sample, 3 * count, 1_000_000),
    dimensions: readInteger("--dimensions", options.dimensions, 1, 1000),
    balanced: options.balance,
    leaveFar: options.leaveFar === true,
    textField: options.textField,
    skipBad: options.skipBad === true,
    onProgress: progress.show,
    signal: stopSignal(),
  });
  progress[Symbol.dispose]();
  print(options.json ? jsonLine(clustering) : asText(clustering, options.out));
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
    `Train on them: deno task bts --config ${join(out, CONFIG_FILE)}`,
  ].join("\n");
}
