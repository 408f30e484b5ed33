// What the fault tests do harm to: a small Branch-Train-Stitch run in a process of its own, with frequent checkpoints.
import { join } from "node:path";
import { readRun, repositoryRoot, runIds, type RunView, verifyRun } from "../../lib/run/mod.ts";

/** Few tokens and steps, many checkpoints; what is measured at the end is of no interest here. */
const SETTINGS = [
  "train.seed.steps=60",
  "train.expert.steps=30",
  "train.stitch.steps=40",
  "checkpoint.steps=5",
  "eval.tokens=64",
  "eval.items=1",
];

/** The cells that train, in their order. */
export const TRAINING: readonly string[] = ["seed", "expert:code", "expert:math", "expert:multilingual", "stitch"];

/** A process that writes the run. */
export interface Subject {
  readonly child: Deno.ChildProcess;
  /** Its exit code and what it printed, when it has ended. */
  readonly end: Promise<{ readonly code: number; readonly output: string }>;
}

export interface StartOptions {
  /** Settings over the usual ones. */
  readonly set?: readonly string[];
  /** Further options. */
  readonly options?: readonly string[];
  /** A program, with its arguments, that runs the command. */
  readonly under?: readonly string[];
}

/** Starts or resumes the run in `runs`. */
export function startSubject(runs: string, { set = [], options = [], under = [] }: StartOptions = {}): Subject {
  const settings = new Map([...SETTINGS, ...set].map((text) => [text.split("=")[0]!, text]));
  const [program, ...args] = [
    ...under,
    Deno.execPath(),
    "run",
    "-A",
    "--no-check",
    join(repositoryRoot, "experiments", "bts.ts"),
    "--preset",
    "smoke",
    "--runs",
    runs,
    "--no-serve",
    "--device",
    "cpu",
    "--threads",
    "1",
    ...[...settings.values()].flatMap((text) => ["--set", text]),
    ...options,
  ];
  const child = new Deno.Command(program!, {
    args,
    cwd: repositoryRoot,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const end = (async () => {
    const [{ code }, ...texts] = await Promise.all([child.status, textOf(child.stdout), textOf(child.stderr)]);
    return { code, output: texts.join("") };
  })();
  return { child, end };
}

async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return await new Response(stream).text();
}

/** Starts the run and lets it finish; throws what it printed when it fails. */
export async function finish(runs: string, options: StartOptions = {}): Promise<void> {
  const { code, output } = await startSubject(runs, options).end;
  if (code !== 0) throw new Error(`The run ended with exit code ${code}:\n${output}`);
}

/** The newest run, or undefined before there is one. */
export async function newest(runs: string): Promise<RunView | undefined> {
  const [id] = await runIds(runs);
  return id === undefined ? undefined : await readRun(runs, id);
}

/** One text for all weights of the newest run; throws when a byte of the run is not as it was written. */
export async function weightsHash(runs: string): Promise<string> {
  const [id] = await runIds(runs);
  const found = await verifyRun(runs, id!);
  if (!found?.ok) throw new Error(`The run is damaged: ${JSON.stringify({ ...found, weights: undefined })}`);
  const hashes = Object.entries(found.weights).filter(([name]) => TRAINING.some((cell) => name.startsWith(`${cell}/`)));
  if (hashes.length !== TRAINING.length) throw new Error(`The run has weights of ${hashes.map(([name]) => name)} only`);
  return hashes.map(([, hash]) => hash.slice(0, 12)).join(" ");
}

/** Throws when a curve of the run has a gap or a point twice, or an event's number is not the next. */
export async function checkLog(runs: string): Promise<void> {
  const [id] = await runIds(runs);
  const lines = (await Deno.readTextFile(join(runs, id!, "events.jsonl"))).trimEnd().split("\n");
  const steps = new Map<string, number>();
  for (const [i, line] of lines.entries()) {
    const event = JSON.parse(line);
    if (event.seq !== i) throw new Error(`Line ${i + 1} of the log has the number ${event.seq}`);
    if (event.kind === "cell.start") steps.delete(event.cell);
    if (event.kind !== "metrics" || !TRAINING.includes(event.cell)) continue;
    const before = steps.get(event.cell) ?? 0;
    if (event.step !== before + 1) throw new Error(`The curve of ${event.cell} goes from ${before} to ${event.step}`);
    steps.set(event.cell, event.step);
  }
}

/**
 * Waits until `look` gives something, for `seconds` at most or until `over`; undefined then.
 *
 * @param every milliseconds between two looks: few to hit a certain instant, more to leave the processor to the subject
 */
export async function until<T>(
  look: () => T | undefined | Promise<T | undefined>,
  { over = new Promise(() => {}), seconds = 60, every = 1 }: {
    readonly over?: Promise<unknown>;
    readonly seconds?: number;
    readonly every?: number;
  } = {},
): Promise<T | undefined> {
  let ended = false;
  over.then(() => ended = true);
  const end = performance.now() + 1000 * seconds;
  while (!ended && performance.now() < end) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}

/** Calls `body` with a fresh folder that is removed afterwards. */
export async function inFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook-faults-" });
  try {
    return await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  }
}
