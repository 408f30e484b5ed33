// `deno task ls`: the runs in a folder, newest first, or filtered and sorted.
import { Command } from "commander";
import { nearest, UserError } from "../errors.ts";
import {
  defaultRunsFolder,
  fitTable,
  formatTable,
  jsonLine,
  listFromIndex,
  type ListOptions,
  parseWithCommander,
  printable,
  readInteger,
  runsTable,
  type RunStatus,
  runStatusSchema,
  type SortedRun,
  type Spare,
} from "../run/mod.ts";
import { readSince } from "./time.ts";
import { collect, type Print, terminalWidth } from "./command.ts";

/**
 * Lists the runs as a table, or as JSON with `--json`.
 *
 * @param width what lines must fit into; columns that do not are left out
 */
export async function listCommand(
  args: readonly string[],
  print: Print = console.log,
  width: number = terminalWidth(),
): Promise<void> {
  const command = new Command("ls").description("Lists the runs, newest first.")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--tag <tag>", "only runs with this tag; may be repeated", collect, [])
    .option(
      "--status <status>",
      `only runs of this status (${runStatusSchema.options.join(", ")}); may be repeated`,
      collect,
      [],
    )
    .option("--preset <name>", "only runs of this preset")
    .option("--experiment <name>", "only runs of this experiment")
    .option("--since <when>", "only runs started since a date, or so long ago: 90m, 36h, 7d")
    .option(
      "--sort <key>",
      "by a column (started, seconds, bpb, …), a result or a metric, with :last, :min, :max or :best",
      "started",
    )
    .option("--reverse", "in reverse order")
    .option("--limit <count>", "maximum number of runs")
    .option("--wide", "every column, even where lines do not fit the terminal")
    .option("--json", "write one JSON array");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const { runs, tag, status, preset, experiment, since, sort, reverse, limit, wide, json } = parsed.options;
  const folder = String(runs);
  const options: ListOptions = {
    tags: tag as string[],
    statuses: (status as string[]).map(readStatus),
    preset: preset as string | undefined,
    experiment: experiment as string | undefined,
    since: since === undefined ? undefined : readSince(String(since), new Date()),
    sort: String(sort),
    reverse: reverse === true,
    limit: limit === undefined ? undefined : readInteger("--limit", String(limit), 1, 1_000_000),
  };
  const listed = await listFromIndex(folder, options);
  if (json) return print(jsonLine(listed));
  if (listed.length > 0) {
    const { table, lost } = fitTable(
      runsTable(`Runs in ${folder}`, listed, String(sort)),
      wide ? Infinity : width,
      SPARES,
    );
    const remark = lost.length === 0 ? [] : [`--wide also shows: ${lost.join(", ")}`];
    return print([formatTable(table), ...remark, ...troubleLines(listed)].join("\n"));
  }
  const all = await listFromIndex(folder);
  if (all.length === 0) return print(`No runs in ${folder}; start one with: deno task bts`);
  const none = all.length === 1
    ? `The only run in ${folder} does not match`
    : `None of the ${all.length} runs in ${folder} match`;
  print([none, ...unknownNames(all, options)].join("\n"));
}

/** What is cut and left out on a narrow terminal. */
const SPARES: readonly Spare[] = [
  { key: "name", least: 24 },
  { key: "tags", least: 16 },
  { key: "device", least: 0 },
  { key: "method", least: 0 },
  { key: "seed", least: 0 },
  { key: "cells", least: 5 },
  { key: "tags", least: 0 },
  { key: "seconds", least: 0 },
  { key: "name", least: 12 },
  { key: "cells", least: 0 },
  { key: "name", least: 0 },
  { key: "bpb", least: 0 },
];

/** A line for each run whose log cannot be read, or not from its start, on why. */
function troubleLines(runs: readonly SortedRun[]): string[] {
  return runs.filter(({ status }) => status === "damaged" || status === "unreadable")
    .map(({ id, status, error }) => printable(`${status}: ${id}: ${error}`));
}

/** A hint for each name that no run has, listing the names that runs have. */
function unknownNames(runs: readonly SortedRun[], { preset, experiment, tags }: ListOptions): string[] {
  const hint = (what: string, asked: string | undefined, all: readonly string[]) => {
    const names = [...new Set(all)].sort();
    if (asked === undefined || names.length === 0 || names.includes(asked)) return [];
    const near = nearest(asked, names);
    const text = `no run has the ${what} ${asked}, but ${names.join(", ")}`;
    return [`  hint: ${printable(near === undefined ? text : `${text} (did you mean ${near}?)`)}`];
  };
  return [
    ...hint("preset", preset, runs.map((run) => run.preset)),
    ...hint("experiment", experiment, runs.map((run) => run.experiment)),
    ...(tags ?? []).flatMap((tag) => hint("tag", tag, runs.flatMap((run) => run.tags))),
  ];
}

function readStatus(text: string): RunStatus {
  const status = runStatusSchema.options.find((status) => status === text);
  if (status !== undefined) return status;
  throw new UserError("list.status", `Unknown status "${text}": expected one of ${runStatusSchema.options.join(", ")}`);
}
