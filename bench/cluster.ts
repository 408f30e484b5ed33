// How a run goes on a large cluster, by simulation: 8 to 512 experts on 1,000 nodes, without failures and with nodes that
// fail, jobs that are preempted and wait in queues. The engine, leases, checkpoints and logs are the real ones; Slurm and
// the time are simulated. No number here is a time of this machine.
//
//   deno task bench:cluster [--experts 8,32,128,512] [--seeds 3] [--figure docs/pictures/cluster.svg] [--json]
//   deno task bench:cluster --from results.json,more.json [--figure …]     # what --json printed, instead of simulating
import * as Plot from "@observablehq/plot";
import { draw, type Figure, figureImage } from "../lib/report/mod.ts";
import { formatTable, numberColumn, textColumn } from "../lib/run/mod.ts";
import { readCount, readFlags } from "./flags.ts";
import { type Scenario, simulate } from "./cluster/simulate.ts";
import type { SimulatedCluster } from "./cluster/slurm.ts";

const flags = readFlags(import.meta.url, {
  experts: { type: "string", default: "8,32,128,512" },
  seeds: { type: "string", default: "3" },
  figure: { type: "string" },
  from: { type: "string" },
  json: { type: "boolean", default: false },
});

const seeds = readCount("--seeds", flags.seeds);
const sizes = flags.experts.split(",").map((text) => readCount("--experts", text));

const cluster = (nodeHours: number, preemptionsPerHour: number, queueSeconds: number): SimulatedCluster => ({
  partitions: {
    gpu: { nodes: 800, queueSeconds, preemptionsPerHour },
    cpu: { nodes: 200, queueSeconds: queueSeconds / 5, preemptionsPerHour: 0 },
  },
  nodeHours,
  split: 0.25,
  processHours: Number.isFinite(nodeHours) ? 500 : Infinity,
});

/** Colors as in reports. */
const CLUSTERS = [
  { name: "no failures, no queue", color: "#4c78a8", cluster: cluster(Infinity, 0, 0) },
  { name: "a node fails every 1,000 h", color: "#f58518", cluster: cluster(1000, 0.05, 300) },
  { name: "a node fails every 100 h", color: "#e45756", cluster: cluster(100, 0.2, 300) },
] as const;

const base: Omit<Scenario, "experts" | "cluster" | "seed"> = {
  durations: { text: 300, seed: 3600, expert: 7200, stitch: 1800, evaluate: 900 },
  checkpoint: 900,
  partitionOf: (kind) => kind === "text" || kind === "evaluate" ? "cpu" : "gpu",
  limit: 90,
  retries: 2,
};

/** One size on one kind of cluster, over seeds. */
interface Measured {
  readonly cluster: string;
  readonly color: string;
  readonly experts: number;
  readonly seeds: number;
  /** Means with the lowest and the highest of the seeds. */
  readonly stretch: Spread;
  readonly lostShare: Spread;
  readonly calls: Spread;
  readonly mostCalls: number;
  readonly longestLoss: number;
  readonly starts: number;
}

interface Spread {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

function spread(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, low: Math.min(...values), high: Math.max(...values) };
}

async function measure(experts: number, { name, color, cluster }: (typeof CLUSTERS)[number]): Promise<Measured> {
  const runs = [];
  for (let seed = 1; seed <= seeds; seed++) {
    // In memory where there is such a folder: the disk is not what is simulated.
    const memory = await Deno.stat("/dev/shm").then(() => ({ dir: "/dev/shm" }), () => ({}));
    const folder = await Deno.makeTempDir({ prefix: "stitchbook-simulation-", ...memory });
    const began = performance.now();
    const run = await simulate({ ...base, experts, cluster, seed }, folder);
    await Deno.remove(folder, { recursive: true });
    if (run.failure !== undefined) throw run.failure;
    console.error(
      `${experts} experts, ${name}, seed ${seed}: ${Math.round((performance.now() - began) / 1000)} s here`,
    );
    runs.push(run);
  }
  const sum = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  return {
    ...{ cluster: name, color, experts, seeds },
    stretch: spread(runs.map(({ makespan, ideal }) => makespan / ideal)),
    lostShare: spread(runs.map(({ lost, used }) => sum(lost) / used)),
    calls: spread(runs.map(({ calls }) => calls.engine + calls.jobs)),
    mostCalls: Math.max(...runs.map(({ calls }) => calls.most)),
    longestLoss: Math.max(0, ...runs.flatMap(({ lost }) => lost)),
    starts: Math.max(...runs.map(({ seen }) => seen.nodeFailures + seen.preemptions + seen.crashes)),
  };
}

const text = ({ mean, low, high }: Spread, digits: number, scale = 1) =>
  `${(scale * mean).toFixed(digits)} (${(scale * low).toFixed(digits)}–${(scale * high).toFixed(digits)})`;

function panel(title: string, all: readonly Measured[], of: (one: Measured) => Spread, format: string): string {
  const points = all.map((one) => ({ experts: one.experts, color: one.color, ...of(one) }));
  return draw(`${title} by number of experts`, {
    ...{ width: 270, height: 220, marginLeft: 44, marginTop: 34, marginRight: 12, marginBottom: 38 },
    x: { label: "experts", labelAnchor: "center", labelOffset: 34, type: "log", base: 2, ticks: 5, tickFormat: "d" },
    y: { label: null, grid: true, zero: true, ticks: 5, tickFormat: format },
    color: { type: "identity" },
    marks: [
      Plot.text([title], { frameAnchor: "top-left", dx: -40, dy: -26, fontSize: 12, fontWeight: 600 }),
      Plot.ruleX(points, {
        x: "experts",
        y1: "low",
        y2: "high",
        stroke: "color",
        strokeWidth: 1.5,
        strokeOpacity: 0.6,
      }),
      Plot.line(points, { x: "experts", y: "mean", stroke: "color", z: "color", strokeWidth: 1.4 }),
      Plot.dot(points, { x: "experts", y: "mean", fill: "color", r: 3 }),
    ],
  });
}

function figure(all: readonly Measured[]): Figure {
  return {
    name: "cluster",
    title: "Runs on a simulated cluster",
    caption: `1,000 nodes, two hours for each expert, checkpoints every 15 minutes. Means of the seeds; the bars ` +
      "reach from the lowest to the highest.",
    legend: CLUSTERS.map(({ name: label, color }) => ({ label, color })),
    panels: [
      panel("Makespan / shortest possible", all, ({ stretch }) => stretch, ".1f"),
      panel("Share of node time lost", all, ({ lostShare }) => lostShare, ".1%"),
      panel("Calls of Slurm per minute", all, ({ calls }) => calls, "d"),
    ],
  };
}

const measured: Measured[] = [];
if (flags.from !== undefined) {
  for (const path of flags.from.split(",")) measured.push(...JSON.parse(await Deno.readTextFile(path)));
} else for (const experts of sizes) for (const one of CLUSTERS) measured.push(await measure(experts, one));
if (flags.figure !== undefined) await Deno.writeTextFile(flags.figure, figureImage(figure(measured)) + "\n");
if (flags.json) console.log(JSON.stringify(measured));
else {
  console.log(formatTable({
    name: "cluster",
    title: "Simulated runs, means of the seeds (lowest–highest)",
    columns: [
      textColumn("cluster"),
      numberColumn("experts", "experts", 0),
      numberColumn("seeds", "seeds", 0),
      textColumn("stretch", "makespan / shortest"),
      textColumn("lost", "node time lost, %"),
      numberColumn("longest", "longest loss, s", 0),
      textColumn("calls", "calls per minute"),
      numberColumn("most", "most in a minute", 0),
    ],
    rows: measured.map(({ cluster, experts, seeds, stretch, lostShare, longestLoss, calls, mostCalls }) => ({
      ...{ cluster, experts, seeds, stretch: text(stretch, 2), lost: text(lostShare, 2, 100), longest: longestLoss },
      ...{ calls: text(calls, 1), most: mostCalls },
    })),
  }));
}
// Processes that simulated failures took along wait for ever.
Deno.exit();
