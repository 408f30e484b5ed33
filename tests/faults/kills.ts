// kill -9 at random instants, in chains: a run is killed and resumed until it gets through, then its weights must
// be those of a run that nobody touched.
import { join } from "node:path";
import { type Random, random } from "../../lib/random.ts";
import { queryRuns, repositoryRoot, runIds } from "../../lib/run/mod.ts";
import { checkLog, finish, inFolder, newest, startSubject, TRAINING, until, weightsHash } from "./subject.ts";

/** What a kill waits for in the cell that it is aimed at; a random moment later it strikes. */
const AIMS = ["training", "checkpoint", "keeping"] as const;
type Aim = (typeof AIMS)[number];

/** One kill and where it hit. */
export interface Kill {
  /** The cell that was running. */
  readonly cell: string;
  readonly doing: "training" | "in a checkpoint" | "moving a cell into place" | "starting" | "another thing";
  /** The last step in the log of that cell. */
  readonly step: number;
}

/** What came of all chains. */
export interface KillReport {
  readonly kills: readonly Kill[];
  /** Kills of a process that was bringing the index up to date. */
  readonly indexKills: number;
  /** Weights of the run that was left alone. */
  readonly undisturbed: string;
  /** Weights of the run at the end of each chain. */
  readonly hashes: readonly string[];
}

export interface KillOptions {
  readonly count: number;
  readonly seed: number;
  /** Chains at once. */
  readonly lanes: number;
  readonly say?: (text: string) => void;
}

/**
 * Kills runs `count` times in all, and once for each chain a process that brings the index up to date.
 *
 * @throws Error when a run cannot be resumed, its log has gaps or its index is wrong
 */
export async function killAtRandom({ count, seed, lanes, say = () => {} }: KillOptions): Promise<KillReport> {
  const undisturbed = await inFolder(async (runs) => {
    await finish(runs);
    return await weightsHash(runs);
  });
  const kills: Kill[] = [];
  const hashes: string[] = [];
  let [left, chains, indexKills] = [count, 0, 0];
  const chain = async (runs: string, source: Random, number: number) => {
    // One kill in each phase; the cells that it got through stay, so that every chain comes to the stitches.
    for (const [i, target] of TRAINING.entries()) {
      if (left <= 0) break;
      left--;
      const kill = await killOnce(runs, i, AIMS[(i + number) % AIMS.length]!, source);
      if (kill === undefined) {
        left++; // it was done before it was hit
        break;
      }
      kills.push(kill);
      say(`kill ${kills.length} of ${count}, aimed at ${target}: ${kill.cell}, step ${kill.step}, ${kill.doing}`);
    }
    if (await killIndexUpdate(runs, source)) indexKills++;
    if ((await newest(runs))?.status !== "done") await finish(runs);
    await checkLog(runs);
    await checkIndex(runs);
    hashes.push(await weightsHash(runs));
    say(`chain ${number + 1} ended with ${hashes.at(-1) === undisturbed ? "the same" : "OTHER"} weights`);
  };
  await Promise.all(Array.from({ length: lanes }, async () => {
    while (left > 0) {
      const number = chains++;
      await inFolder((runs) => chain(runs, random(seed, "kills", number), number));
    }
  }));
  return { kills, indexKills, undisturbed, hashes };
}

/** Starts or resumes a run, and kills it in a phase or soon after; undefined when it was done before. */
async function killOnce(runs: string, phase: number, aim: Aim, source: Random): Promise<Kill | undefined> {
  const { child, end } = startSubject(runs);
  const over = end.then(() => {});
  await until(async () => TRAINING.indexOf(await cellOf(runs)) >= phase || undefined, { over, every: 20 });
  if (aim === "checkpoint") await until(async () => await inCheckpoint(runs) || undefined, { over, seconds: 5 });
  if (aim === "keeping") await until(async () => await isKeeping(runs) || undefined, { over, seconds: 20 });
  await until(() => undefined, {
    over,
    seconds: source.float() * { training: 0.4, checkpoint: 0.01, keeping: 0.03 }[aim],
  });
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
  const { code, output } = await end;
  if (code === 0) return undefined;
  if (code !== 137) throw new Error(`The run ended with exit code ${code} before it was killed:\n${output}`);
  return await whereItHit(runs);
}

async function whereItHit(runs: string): Promise<Kill> {
  const cell = (await newest(runs))?.cells.find(({ status }) => status === "running");
  if (cell === undefined) return { cell: "no cell", doing: "starting", step: 0 };
  const { name } = cell;
  const step = cell.metrics.at(-1)?.step ?? 0;
  if (await inCheckpoint(runs)) return { cell: name, doing: "in a checkpoint", step };
  if (TRAINING.includes(name) && await isKeeping(runs)) return { cell: name, doing: "moving a cell into place", step };
  return { cell: name, doing: TRAINING.includes(name) ? "training" : "another thing", step };
}

/** Whether the files of a cell that has trained are being written and moved into place. */
async function isKeeping(runs: string): Promise<boolean> {
  const folder = join(runs, ".cells");
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (name.startsWith(".tmp-") && !(await Deno.readDir(join(folder, name))[Symbol.asyncIterator]().next()).done) {
        return true;
      }
    }
  } catch {
    // It was moved into place just now.
  }
  return false;
}

/** Whether a checkpoint is half written. */
async function inCheckpoint(runs: string): Promise<boolean> {
  const folder = join(runs, ".checkpoints");
  try {
    for await (const { name } of Deno.readDir(folder)) {
      for await (const entry of Deno.readDir(join(folder, name))) if (entry.name.startsWith(".tmp-")) return true;
    }
  } catch {
    // None was begun.
  }
  return false;
}

/** The cell that the log speaks of last. */
async function cellOf(runs: string): Promise<string> {
  const [id] = await runIds(runs);
  const text = id === undefined ? "" : await Deno.readTextFile(join(runs, id, "events.jsonl")).catch(() => "");
  return [...text.slice(-2000).matchAll(/"cell":"([^"]*)"/g)].at(-1)?.[1] ?? "";
}

/** Kills a process while it builds the index; false when it was done before. */
async function killIndexUpdate(runs: string, source: Random): Promise<boolean> {
  await Deno.remove(join(runs, ".index.sqlite")).catch(() => {});
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", join(repositoryRoot, "main.ts"), "ls", "--runs", runs],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const over = child.status;
  await until(async () => await Deno.stat(join(runs, ".index.sqlite")).catch(() => undefined), { over });
  await until(() => undefined, { over, seconds: source.float() * 0.03 });
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
  return !(await over).success;
}

/** Throws when the index, whatever was done to it, does not say what the log says. */
async function checkIndex(runs: string): Promise<void> {
  const view = (await newest(runs))!;
  const count = view.cells.flatMap(({ metrics }) => metrics.flatMap(({ values }) => Object.keys(values))).length;
  const sql = "select status, (select count(*) from points) as points from runs";
  const { rows } = await queryRuns(runs, sql);
  const found = JSON.stringify(rows);
  if (found !== JSON.stringify([{ status: view.status, points: count }])) {
    throw new Error(`The index says ${found} of a run that is ${view.status} and has ${count} points`);
  }
}
