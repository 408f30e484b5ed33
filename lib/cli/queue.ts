// `deno task queue [run]`: the cells of a run with their jobs, nodes and states.
import { join } from "node:path";
import { Command } from "commander";
import {
  type AttemptEnd,
  jobId,
  listAttempts,
  type QueuedJob,
  readEnd,
  readQueue,
  readTable,
  slurmCommands,
} from "../engine/mod.ts";
import type { SlurmCommands } from "../engine/mod.ts";
import { defaultRunsFolder, formatTable, jsonLine, parseWithCommander, type RunView, textColumn } from "../run/mod.ts";
import { namedRun, type Print, terminalWidth } from "./command.ts";

/** A cell with its job. */
interface QueuedCell {
  readonly cell: string;
  readonly job: string;
  readonly state: string;
  readonly node: string;
  readonly reason: string;
  readonly attempts: number;
  /** The run whose job it is, if another one's builds the cell. */
  readonly of: string | null;
}

/**
 * Lists the cells of a run with their jobs.
 *
 * @throws UserError `run.none`, and what Slurm's commands throw
 */
export async function queueCommand(
  args: readonly string[],
  print: Print = console.log,
  slurm: SlurmCommands = slurmCommands,
): Promise<void> {
  const command = new Command("queue")
    .description("Lists the cells of a run with their jobs, nodes and states.")
    .argument("[run]", "id or name of the run, the start of an id, or last", "last")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--json", "write one JSON object per cell: cell, job, state, node, reason, attempts, of");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const runs = String(parsed.options.runs);
  const view = await namedRun(runs, parsed.positional[0] ?? "last");
  const cells = await queuedCells(join(runs, view.id), view, slurm);
  if (parsed.options.json) return cells.forEach((cell) => print(jsonLine(cell)));
  const columns = ["cell", "job", "state", "node", "reason", "attempts"].map((key) => textColumn(key, key));
  const rows = cells.map(({ of, ...cell }) => ({
    ...cell,
    job: of === null ? cell.job : `${cell.job} of ${of}`,
    attempts: String(cell.attempts),
  }));
  print(formatTable({ name: "queue", title: `Cells of ${view.id}`, columns, rows }, terminalWidth()));
}

async function queuedCells(folder: string, { cells }: RunView, slurm: SlurmCommands): Promise<QueuedCell[]> {
  const table = await readTable(folder);
  const queue = new Map(
    Object.keys(table).length === 0 ? [] : (await readQueue(slurm)).map((job) => [job.id, job] as const),
  );
  return await Promise.all(cells.map(async ({ name, status }) => {
    const attempts = await listAttempts(folder, name);
    const last = attempts.at(-1);
    const end = last === undefined ? undefined : await readEnd(last.folder);
    const entry = table[name];
    const job = entry === undefined ? undefined : queue.get(jobId(entry));
    return {
      cell: name,
      job: entry === undefined ? "" : jobId(entry),
      state: stateText(status, job, end),
      node: job?.node || (end?.node ?? ""),
      reason: job === undefined || job.reason === "None" ? end?.message ?? "" : job.reason,
      attempts: attempts.length,
      of: entry?.of ?? null,
    };
  }));
}

/** What the cell left of how it ended comes before what Slurm says, which forgets it. */
function stateText(status: string, job: QueuedJob | undefined, end: AttemptEnd | undefined): string {
  if (status === "done" || status === "cached" || end?.status === "done") return status === "cached" ? status : "done";
  return job?.state.toLowerCase().replaceAll("_", " ") ?? end?.status ?? status;
}
