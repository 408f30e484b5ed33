// Runs on a real Slurm of two nodes, for CI: an array over both nodes, a node that dies, a copy that goes on, USR1, a cell
// that fails, a command that is killed and attached again, and a sweep whose trials share a cell.
//
//     deno run -A tests/engine/slurm/real.ts [scenario …]
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { jobId, listAttempts, readEnd, readTable } from "../../../lib/engine/mod.ts";
import { findCell, readEvents, readRun, runIds, type RunView } from "../../../lib/run/mod.ts";
import { FAILS_VARIABLE, HELD_VARIABLE } from "../counting_experiment.ts";
import { type Cluster, startCluster } from "./cluster.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const COUNTING = "tests/engine/counting_experiment.ts";
const LONGEST_MS = 300_000;

interface Scenario {
  readonly cluster: Cluster;
  /** A runs folder of its own. */
  readonly runs: string;
}

const scenarios: Readonly<Record<string, (scenario: Scenario) => Promise<void>>> = {
  async "a node dies during training, and the weights are those of a local run"({ cluster, runs }) {
    // Long enough that no expert has ended when its node dies.
    const settings = ["--preset", "smoke", "--set", "train.expert.steps=400", "--set", "checkpoint.steps=20"];
    const bts = (to: string, more: readonly string[]) =>
      start(cluster, ["experiments/bts.ts", "--runs", to, "--no-serve", ...settings, ...more]);
    const run = bts(runs, ["--engine", "slurm"]);
    const id = await begun(runs);
    const folder = join(runs, id);
    const expert = await until(async () => {
      const { cells } = (await readRun(runs, id))!;
      return cells.find(({ name, metrics }) => name.startsWith("expert:") && metrics.length >= 5);
    });
    const [attempt] = await listAttempts(folder, expert.name);
    const job = jobId((await readTable(folder))[expert.name]!);
    const node = await cluster.call("squeue", "-h", "-j", job, "-o", "%N");
    assert.match(node, /^n[12]$/, `${expert.name} is still being trained`);
    await cluster.killNode(node);
    killProcesses(`--cell ${expert.name}`);
    await ends(run, 0);
    await cluster.startNode(node);

    const attempts = await listAttempts(folder, expert.name);
    assert.equal(attempts.length, 2);
    assert.equal(await readEnd(attempt!.folder), undefined);
    assert.notEqual((await readEnd(attempts[1]!.folder))!.node, node);
    const local = join(runs, "local");
    await ends(bts(local, ["--threads", "1"]), 0);
    assert.deepEqual(await weights(runs, id), await weights(local, (await runIds(local))[0]!));
    const { events } = (await readEvents(runs, id))!;
    const steps = events.flatMap((event) => event.kind === "metrics" && event.cell === expert.name ? [event.step] : []);
    assert.deepEqual(steps, [...new Set(steps)], "every step is logged once");
  },

  async "an array runs on both nodes, and a copy on a node that Slurm took for lost is fenced"({ cluster, runs }) {
    const release = join(runs, "release");
    const run = count(cluster, runs, ["--set", "steps=4"], { [HELD_VARIABLE]: `a:${release}` });
    const id = await begun(runs);
    const folder = join(runs, id);
    await until(async () => (await readRun(runs, id))!.cells.find(({ name }) => name === "part:a")?.metrics[1]);
    const nodes = new Set(await Promise.all(["part:a", "part:b"].map((cell) => nodeOf(cluster, folder, cell))));
    assert.deepEqual([...nodes].sort(), ["n1", "n2"]);
    const lost = await nodeOf(cluster, folder, "part:a");
    await cluster.killNode(lost);
    await ends(run, 0);
    await Deno.writeTextFile(release, "");
    const old = await until(async () => readEnd((await listAttempts(folder, "part:a"))[0]!.folder));
    assert.equal(old.status, "fenced");
    assert.equal((await listAttempts(folder, "part:a")).length, 2);
    await cluster.startNode(lost);
  },

  async "a job that gets USR1 leaves a checkpoint and is started again"({ cluster, runs }) {
    const run = count(cluster, runs, ["--set", "steps=12", "--set", "wait=500"]);
    const id = await begun(runs);
    const folder = join(runs, id);
    await until(async () => (await readRun(runs, id))!.cells.find(({ name }) => name === "part:b")?.metrics[2]);
    const job = jobId((await readTable(folder))["part:b"]!);
    await cluster.call("scancel", "--signal=USR1", "--batch", job);
    await ends(run, 0);
    const attempts = await Promise.all((await listAttempts(folder, "part:b")).map(({ folder }) => readEnd(folder)));
    assert.deepEqual(attempts.map((end) => end?.status), ["preempted", "done"]);
    const { events } = (await readEvents(runs, id))!;
    const steps = events.flatMap((event) => event.kind === "metrics" && event.cell === "part:b" ? [event.step] : []);
    assert.deepEqual(steps, Array.from({ length: 12 }, (_, i) => i + 1));
  },

  async "a cell that fails ends what needs it and nothing else, and resuming hands in what is missing"(
    { cluster, runs },
  ) {
    const said = await ends(count(cluster, runs, [], { [FAILS_VARIABLE]: "a" }), 2);
    assert.match(said, /The cell part:a: It failed as it was told to; 1 cell not begun for want of others/);
    const id = await begun(runs);
    assert.deepEqual(statuses((await readRun(runs, id))!), {
      base: "done",
      "part:a": "failed",
      "part:b": "done",
      sum: "planned",
    });
    await until(async () => {
      const { sum } = await readTable(join(runs, id));
      return /CANCELLED/.test(await cluster.call("squeue", "-h", "-t", "all", "-j", jobId(sum!), "-o", "%T"));
    });
    const resumed = await ends(start(cluster, ["main.ts", "resume", id, "--runs", runs]), 0);
    assert.doesNotMatch(resumed, /^ *base +base/m);
    assert.deepEqual(statuses((await readRun(runs, id))!), {
      base: "done",
      "part:a": "done",
      "part:b": "done",
      sum: "done",
    });
    assert.equal((await listAttempts(join(runs, id), "part:b")).length, 1);
  },

  async "a command that is killed can be attached again, and nothing is handed in twice"({ cluster, runs }) {
    const run = count(cluster, runs, ["--set", "steps=12", "--set", "wait=500"]);
    const id = await begun(runs);
    await until(async () => (await readRun(runs, id))!.cells.find(({ name }) => name === "part:a")?.metrics[2]);
    killProcesses(`${COUNTING} --runs ${runs}`);
    await run.child.status;
    const table = await readTable(join(runs, id));
    const queue = await ends(start(cluster, ["main.ts", "queue", id, "--runs", runs]), 0);
    assert.match(queue, /part:a +\d+_0 +(running|done) +n\d/);
    await ends(start(cluster, ["main.ts", "attach", id, "--runs", runs]), 0);
    assert.deepEqual(await readTable(join(runs, id)), table);
    const view = (await readRun(runs, id))!;
    assert.deepEqual(view.cells.find(({ name }) => name === "part:a")!.metrics.map(({ step }) => step), [
      ...Array.from({ length: 12 }, (_, i) => i + 1),
    ]);
  },

  async "the trials of a sweep share the cell that is theirs in common"({ cluster, runs }) {
    const grid = ["--grid", "steps=2,3,4,5", "--metric", "part:a/count", "--parallel", "4"];
    await ends(
      start(cluster, [
        "main.ts",
        "sweep",
        COUNTING,
        ...grid,
        "--runs",
        runs,
        "--no-serve",
        "--engine",
        "slurm",
      ]),
      0,
    );
    const ids = await runIds(runs);
    assert.equal(ids.length, 4);
    const views = await Promise.all(ids.map((id) => readRun(runs, id)));
    assert.equal(new Set(views.map((view) => view!.cells.find(({ name }) => name === "base")!.cellKey)).size, 1);
    const base = views.map((view) => view!.cells.find(({ name }) => name === "base")!.status);
    assert.deepEqual(base.sort(), ["cached", "cached", "cached", "done"]);
  },

  async "a node that cannot build cells is named before anything is handed in"({ cluster, runs }) {
    const prelude = 'if [ "$SLURMD_NODENAME" = n2 ]; then echo "module: command not found"; exit 1; fi';
    const said = await ends(count(cluster, runs, ["--slurm.prelude", prelude]), 2);
    assert.match(
      said,
      /one node of the 2 that were checked cannot build its cells\. n2: it said: module: command not f/,
    );
    assert.match(said, /hint: leave it out with --slurm\.nodes\.exclude n2\n/);
    const jobs = await cluster.call("squeue", "-h", "-t", "all", "-o", "%j %T");
    const id = await begun(runs);
    assert.doesNotMatch(jobs, new RegExp(`${id}/(base|part|sum)`), "nothing is handed in");

    if (await mayMount()) {
      await cluster.killNode("n2");
      await cluster.startNode("n2", runs);
      const hidden = await ends(count(cluster, runs, ["--fresh"]), 2);
      assert.match(hidden, /n2: it does not see the folder of the run/);
      await cluster.killNode("n2");
      await cluster.startNode("n2");
    } else console.log("skipped: a node that does not see the folder, for want of the right to mount");

    const good = await ends(count(cluster, runs, ["--fresh", "--slurm.nodes.exclude", "n2"]), 0);
    assert.match(good, /Checked n1: folder, code and packages are there/);
  },

  async "what Slurm refuses is one sentence, and a stopped run has no jobs left"({ cluster, runs }) {
    const partition = await ends(count(cluster, runs, ["--slurm.partition", "gpu"]), 2);
    assert.match(partition, /error: Slurm refuses the job probe\. It said: .*partition/i);
    const memory = await ends(count(cluster, runs, ["--fresh", "--slurm.mem", "900G"]), 2);
    assert.match(memory, /error: Slurm refuses the job base\. It said: /);
    assert.match(memory, /hint: .*--slurm\.mem|hint: sinfo/);
    const run = count(cluster, runs, ["--fresh", "--set", "steps=500", "--set", "wait=500"]);
    const id = await until(async () => {
      const [newest] = await runIds(runs);
      return newest !== undefined && Object.keys(await readTable(join(runs, newest))).length === 4 ? newest : undefined;
    });
    const stopped = await ends(start(cluster, ["main.ts", "stop", id, "--runs", runs]), 0);
    assert.match(stopped, /of its jobs were cancelled/);
    await run.child.status;
    await until(async () => await cluster.call("squeue", "-h", "-o", "%i") === "" ? true : undefined);
  },
};

interface Started {
  readonly child: Deno.ChildProcess;
  /** What it printed. */
  readonly said: Promise<string>;
}

function start({ env }: Cluster, args: readonly string[], more: Readonly<Record<string, string>> = {}): Started {
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

const count = (cluster: Cluster, runs: string, args: readonly string[], env = {}) =>
  start(cluster, ["main.ts", "run", COUNTING, "--runs", runs, "--no-serve", "--engine", "slurm", ...args], env);

async function ends({ child, said }: Started, code: number): Promise<string> {
  const timer = setTimeout(() => child.kill("SIGKILL"), LONGEST_MS);
  const status = await child.status;
  clearTimeout(timer);
  const text = await said;
  assert.equal(status.code, code, text);
  return text;
}

async function until<Value>(look: () => Promise<Value | undefined | false>): Promise<Value> {
  for (const end = performance.now() + LONGEST_MS;;) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
    assert.ok(performance.now() < end, `waited too long: ${look}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** The id of the run that has begun in a folder. */
const begun = (runs: string): Promise<string> =>
  until(async () => {
    const [id] = await runIds(runs).catch(() => []);
    return id !== undefined && await readRun(runs, id) !== undefined ? id : undefined;
  });

const statuses = ({ cells }: RunView) => Object.fromEntries(cells.map(({ name, status }) => [name, status]));

async function nodeOf(cluster: Cluster, folder: string, cell: string): Promise<string> {
  const job = jobId((await readTable(folder))[cell]!);
  return await cluster.call("squeue", "-h", "-t", "all", "-j", job, "-o", "%N");
}

/** Keys and weights of the cells that have weights. */
async function weights(runs: string, id: string): Promise<unknown[]> {
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
async function mayMount(): Promise<boolean> {
  const command = new Deno.Command("unshare", { args: ["-m", "mount", "-t", "tmpfs", "none", "/mnt"], stderr: "null" });
  return await command.output().then(({ success }) => success, () => false);
}

/** Kills the processes whose command line has a text, as the loss of a machine would. */
function killProcesses(text: string): void {
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

const chosen = Deno.args;
const folder = await Deno.makeTempDir({ prefix: "stitchbook-cluster-" });
const cluster = await startCluster(folder);
try {
  for (const [i, [name, scenario]] of Object.entries(scenarios).entries()) {
    if (chosen.length > 0 && !chosen.some((text) => name.includes(text))) continue;
    const began = performance.now();
    const runs = join(folder, `runs-${i}`);
    await Deno.mkdir(runs);
    await scenario({ cluster, runs });
    console.log(`${name} ... ok (${Math.round((performance.now() - began) / 1000)} s)`);
  }
} finally {
  await cluster.stop();
}
await Deno.remove(folder, { recursive: true });
