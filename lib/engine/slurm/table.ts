// Which job builds which cell of a run: `jobs/table.json` in the run's folder, so that any process can follow or cancel
// them.
import { join } from "node:path";
import { z } from "zod";
import { absent, UserError } from "../../errors.ts";
import { writeTextAtomically } from "../../run/mod.ts";

/** In a run's folder: the scripts of its jobs, what Slurm printed in them, and the table. */
export const JOBS_FOLDER = "jobs";
const TABLE_FILE = "table.json";

const tableSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** By cell. */
  jobs: z.record(
    z.string(),
    z.strictObject({
      job: z.string(),
      task: z.int().nullable(),
      /** The run whose job it is, if another one's builds the cell. */
      of: z.string().optional(),
    }),
  ),
});

/** The job of each cell: its number, and its task if it is of an array. */
export type JobTable = Readonly<z.infer<typeof tableSchema>["jobs"]>;

/**
 * The table of a run; empty if it has none.
 *
 * @throws UserError `slurm.table` when it is damaged
 */
export async function readTable(runFolder: string): Promise<JobTable> {
  const path = join(runFolder, JOBS_FOLDER, TABLE_FILE);
  const text = await Deno.readTextFile(path).catch(absent);
  if (text === undefined) return {};
  try {
    return tableSchema.parse(JSON.parse(text)).jobs;
  } catch {
    throw new UserError("slurm.table", `Cannot read ${path}`, "squeue --me lists your jobs; remove the file");
  }
}

export async function writeTable(runFolder: string, jobs: JobTable): Promise<void> {
  await Deno.mkdir(join(runFolder, JOBS_FOLDER), { recursive: true });
  const text = JSON.stringify({ schemaVersion: 1, jobs }, null, 2);
  await writeTextAtomically(join(runFolder, JOBS_FOLDER, TABLE_FILE), text + "\n");
}

/** A job as Slurm's options name it: `12`, or `12_0`. */
export function jobId({ job, task }: Pick<JobTable[string], "job" | "task">): string {
  return task === null ? job : `${job}_${task}`;
}
