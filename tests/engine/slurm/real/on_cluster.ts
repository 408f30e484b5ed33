// What scenarios on a real Slurm share: commands that are started beside it, and what became of their runs.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { jobId, readTable } from "../../../../lib/engine/mod.ts";
import { findCell, readRun, runIds, type RunView } from "../../../../lib/run/mod.ts";
import type { Cluster } from "./cluster.ts";

export const root = fileURLToPath(new URL("../../../../", import.meta.url));
export const COUNTING = "tests/engine/counting_experiment.ts";
const LONGEST_MS = 300_000;

export interface Scenario {
  readonly cluster: Cluster;
  /** A runs folder of its own. */
  readonly runs: string;
}

/** Scenarios by what they show. */
export type Scenarios = Readonly<Record<string, (scenario: Scenario) => Promise<void>>>;

export interface Started {
  readonly child: Deno.ChildProcess;
  /** What it printed. */
  readonly said: Promise<string>;
}

export function start({ env }: Cluster, args: readonly string[], more: Readonly<Record<string, string>> = {}): Started {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", ...args],
    cwd: root,
    env: { ...env, NO_COLOR: "1", ...more },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const said = Promise.all([child.stdout, child.stderr].map((stream) => new Response(stream).text()));
  return { child, said: said.then((texts) => texts.join("\n")) };
}

export const count = (cluster: Cluster, runs: string, args: readonly string[], env = {}) =>
  start(cluster, ["main.ts", "run", COUNTING, "--runs", runs, "--no-serve", "--engine", "slurm", ...args], env);

export async function ends({ child, said }: Started, code: number): Promise<string> {
  const timer = setTimeout(() => child.kill("SIGKILL"), LONGEST_MS);
  const status = await child.status;
  clearTimeout(timer);
  const text = await said;
  assert.equal(status.code, code, text);
  return text;
}

export async function until<Value>(look: () => Promise<Value | undefined | false>): Promise<Value> {
  for (const end = performance.now() + LONGEST_MS;;) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
    assert.ok(performance.now() < end, `waited too long: ${look}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** The id of the run that has begun in a folder. */
export const begun = (runs: string): Promise<string> =>
  until(async () => {
    const [id] = await runIds(runs).catch(() => []);
    return id !== undefined && await readRun(runs, id) !== undefined ? id : undefined;
  });

export const statuses = ({ cells }: RunView) => Object.fromEntries(cells.map(({ name, status }) => [name, status]));

export async function nodeOf(cluster: Cluster, folder: string, cell: string): Promise<string> {
  const job = jobId((await readTable(folder))[cell]!);
  return await cluster.call("squeue", "-h", "-t", "all", "-j", job, "-o", "%N");
}

/** Keys and weights of the cells that have weights. */
export async function weights(runs: string, id: string): Promise<unknown[]> {
  const { cells } = (await readRun(runs, id))!;
  const found = await Promise.all(cells.map(async ({ name, cellKey }) => {
    const cell = await findCell(runs, cellKey);
    assert.ok(cell.kind === "whole", `${name} is whole`);
    const { weights } = (cell.manifest.output ?? {}) as { readonly weights?: string };
    return weights === undefined ? [] : [[name, cellKey, weights]];
  }));
  const all = found.flat();
  assert.ok(all.length >= 4, "there are weights to compare");
  return all;
}

/** Whether a node can be started that does not see a folder. */
export async function mayMount(): Promise<boolean> {
  const command = new Deno.Command("unshare", { args: ["-m", "mount", "-t", "tmpfs", "none", "/mnt"], stderr: "null" });
  return await command.output().then(({ success }) => success, () => false);
}

/** Kills the processes whose command line has a text, as the loss of a machine would. */
export function killProcesses(text: string): void {
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === Deno.pid) continue;
    try {
      const line = Deno.readTextFileSync(`/proc/${name}/cmdline`).replaceAll("\0", " ");
      if (line.includes(text)) Deno.kill(Number(name), "SIGKILL");
    } catch {
      // it has just ended
    }
  }
}
