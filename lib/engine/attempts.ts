// Attempts at cells: one folder for each process that builds a cell of a run, with its log, its output and how it ended.
import { join } from "node:path";
import { z } from "zod";
import { absent, attempt } from "../errors.ts";
import { writeTextAtomically } from "../run/mod.ts";

/** In a run's folder: `attempts/<cell>/<number>.<restart>/`. */
const ATTEMPTS_FOLDER = "attempts";
const END_FILE = "end.json";
const TASK_FILE = "task.json";
/** One line for each failure of a cell since its job was handed in, in the folder of its attempts. */
export const FAILURES_FILE = "failures";
/** In an attempt's folder, when the job's time was up: the seconds that the job had. */
export const TIME_UP_FILE = "time-up";
/** What the process prints, in an attempt's folder. */
export const ATTEMPT_OUTPUT = "output.log";

/** How an attempt ended. */
const endSchema = z.object({
  /** `preempted`: it left a checkpoint because its time is up. `fenced`: a newer attempt builds the cell. */
  status: z.enum(["done", "failed", "stopped", "preempted", "fenced"]),
  /** A user error's stable name. */
  code: z.string().optional(),
  message: z.string().optional(),
  hint: z.string().optional(),
  /** The node that it ran on. */
  node: z.string(),
  job: z.string().optional(),
  time: z.iso.datetime(),
});

export type AttemptEnd = z.infer<typeof endSchema>;

/** What a cell is to be built with; another machine may have other code, or another processor. */
const taskSchema = z.object({ code: z.string(), numerics: z.string().nullable() });

export type CellTask = z.infer<typeof taskSchema>;

/** An attempt at a cell. */
export interface Attempt {
  /** `<number>.<restart>`; a scheduler that starts a job again counts the restarts. */
  readonly name: string;
  readonly folder: string;
}

/** The folder of all attempts at a cell. */
export function attemptsOf(runFolder: string, cell: string): string {
  // No percent signs: Slurm replaces them in paths.
  return join(runFolder, ATTEMPTS_FOLDER, encodeURIComponent(cell).replaceAll("~", "%7E").replaceAll("%", "~"));
}

/** The attempts at a cell, oldest first. */
export async function listAttempts(runFolder: string, cell: string): Promise<Attempt[]> {
  const folder = attemptsOf(runFolder, cell);
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(absent) ?? [];
  return entries.flatMap(({ name }) => /^\d+\.\d+$/.test(name) ? [{ name, folder: join(folder, name) }] : [])
    .sort((a, b) => compareAttempts(a.name, b.name));
}

/** Negative when `a` began before `b`. */
export function compareAttempts(a: string, b: string): number {
  const [[first = 0, again = 0], [second = 0, more = 0]] = [a, b].map((name) => name.split(".").map(Number)) as [
    number[],
    number[],
  ];
  return first - second || again - more;
}

/** Makes the folder of an attempt; without a name, of the next number. */
export async function makeAttempt(runFolder: string, cell: string, name?: string): Promise<Attempt> {
  const folder = attemptsOf(runFolder, cell);
  await Deno.mkdir(folder, { recursive: true });
  if (name !== undefined) {
    await Deno.mkdir(join(folder, name), { recursive: true });
    return { name, folder: join(folder, name) };
  }
  for (let next = 1 + Number((await listAttempts(runFolder, cell)).at(-1)?.name.split(".")[0] ?? 0);; next++) {
    try {
      await Deno.mkdir(join(folder, `${next}.0`));
      return { name: `${next}.0`, folder: join(folder, `${next}.0`) };
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
}

/** Says how an attempt ended. */
export async function writeEnd(folder: string, end: AttemptEnd): Promise<void> {
  await writeTextAtomically(join(folder, END_FILE), JSON.stringify(end) + "\n");
}

/** How an attempt ended; undefined while it has not, and if its process was killed. */
export async function readEnd(folder: string): Promise<AttemptEnd | undefined> {
  return await readJson(join(folder, END_FILE), endSchema);
}

/** Says what a cell is to be built with, before a job of its own is handed in. */
export async function writeTask(runFolder: string, cell: string, task: CellTask): Promise<void> {
  const folder = attemptsOf(runFolder, cell);
  await Deno.mkdir(folder, { recursive: true });
  await writeTextAtomically(join(folder, TASK_FILE), JSON.stringify(task) + "\n");
  await Deno.remove(join(folder, FAILURES_FILE)).catch(absent);
}

/** What a cell is to be built with, if that was said. */
export async function readTask(runFolder: string, cell: string): Promise<CellTask | undefined> {
  return await readJson(join(attemptsOf(runFolder, cell), TASK_FILE), taskSchema);
}

async function readJson<Value>(path: string, schema: z.ZodType<Value>): Promise<Value | undefined> {
  const text = await Deno.readTextFile(path).catch(absent);
  return text === undefined ? undefined : attempt(() => schema.parse(JSON.parse(text)));
}
