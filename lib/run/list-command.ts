// `deno task ls`: the runs in a folder, newest first.
import { Command } from "commander";
import { parseWithCommander } from "./commander.ts";
import type { Table } from "./events.ts";
import { formatTable } from "./format-table.ts";
import { formatSeconds } from "./progress.ts";
import { listRuns, type RunSummary } from "./read.ts";
import { defaultRunsFolder } from "./runs-folder.ts";

/** Lists the runs as a table, or as JSON with `--json`. */
export async function listCommand(
  args: readonly string[],
  print: (text: string) => void = console.log,
): Promise<void> {
  const command = new Command("ls").description("Lists the runs, newest first.")
    .option("--runs <folder>", "where runs live", defaultRunsFolder())
    .option("--json", "write one JSON array");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const folder = String(parsed.options.runs);
  const runs = await listRuns(folder);
  if (parsed.options.json) return print(JSON.stringify(runs));
  print(
    runs.length === 0 ? `No runs in ${folder}; start one with: deno task bts` : formatTable(runsTable(folder, runs)),
  );
}

function runsTable(folder: string, runs: readonly RunSummary[]): Table {
  return {
    name: "runs",
    title: `Runs in ${folder}`,
    columns: [
      { key: "id", title: "run", kind: "text" },
      { key: "status", title: "status", kind: "text" },
      { key: "cells", title: "cells", kind: "text" },
      { key: "seconds", title: "took", kind: "text" },
      { key: "seed", title: "seed", kind: "number" },
      { key: "device", title: "device", kind: "text" },
      { key: "bpb", title: "bits per byte", kind: "number", digits: 3 },
      { key: "method", title: "of", kind: "text" },
    ],
    rows: runs.map((run) => {
      const [method, bpb] = headline(run);
      const { ended, total } = run.cells;
      const current = run.status === "running" && run.current !== null ? ` (${run.current})` : "";
      const took = run.seconds === null ? null : formatSeconds(run.seconds);
      const { id, status, seed, device } = run;
      return { id, status, cells: `${ended}/${total}${current}`, seconds: took, seed, device, bpb, method };
    }),
  };
}

/** The run's own method if it has one of the experiment's name, otherwise the best. */
function headline({ experiment, meanBpb }: RunSummary): [string | null, number | null] {
  const own = meanBpb[experiment];
  if (own !== undefined) return [experiment, own];
  const best = Object.entries(meanBpb).sort(([, a], [, b]) => a - b)[0];
  return best ?? [null, null];
}
