// Ours against PyTorch and stock tfjs: the same training steps, run alternately, as ratios with their spread.
//
//   deno task bench:compare [--jobs pretrain,stitch] [--shapes tiny,small] [--rounds 5] [--steps 10] [--threads 2]
//     [--stock] [--json]
//
// Every measurement is a process of its own that prints its median step. A round runs each side once, one after the
// other; a ratio is taken within a round, so that whatever else the machine does falls on both sides alike.
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { type Column, formatTable } from "../lib/run/mod.ts";
import { describeDevices } from "../lib/tensor/mod.ts";
import { pythonCommand } from "../lib/python.ts";

const { values: flags } = parseArgs({
  options: {
    jobs: { type: "string", default: "pretrain,stitch" },
    shapes: { type: "string", default: "tiny,small" },
    rounds: { type: "string", default: "5" },
    steps: { type: "string", default: "10" },
    threads: { type: "string", default: String(navigator.hardwareConcurrency) },
    stock: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

interface Measurement {
  readonly tokens_per_s: number;
  readonly trained: number;
}

/** One side of the comparison: how it is measured. */
interface Side {
  readonly name: string;
  readonly command: string;
  readonly args: (job: string, shape: string) => string[];
}

const common = (job: string, shape: string) => ["--job", job, "--shape", shape, "--threads", flags.threads];
const ours = (name: string, extra: string[]): Side => ({
  name,
  command: Deno.execPath(),
  args: (job, shape) => ["run", "-A", here("train.ts"), ...common(job, shape), "--steps", flags.steps, ...extra],
});

const torch: Side = {
  name: "PyTorch",
  command: pythonCommand(),
  args: (job, shape) => [
    here("torch_reference.py"),
    ...common(job, shape),
    ...["--steps", flags.steps, "--device", "cpu"],
  ],
};

const sides = [ours("ours, no BLAS", ["--device", "cpu", "--blas", "off"])];
const { blas } = await describeDevices();
if (blas !== undefined) sides.push(ours(`ours, ${blas.name}`, ["--device", "cpu"]));
if (await works(pythonCommand(), ["-c", "import torch"])) sides.push(torch);
if (flags.stock) sides.push(ours("stock tfjs", ["--device", "reference"]));
const base = sides.includes(torch) ? torch : sides[0]!;

const rows: Record<string, string | number | null>[] = [];
for (const job of flags.jobs.split(",")) {
  for (const shape of flags.shapes.split(",")) {
    const rounds: Map<string, Measurement>[] = [];
    for (let round = 0; round < Number(flags.rounds); round++) {
      const measured = new Map<string, Measurement>();
      for (const side of sides) measured.set(side.name, await measure(side, job, shape));
      rounds.push(measured);
    }
    const trained = new Set(rounds.flatMap((round) => [...round.values()].map((side) => side.trained)));
    if (trained.size !== 1) throw new Error(`The sides train different numbers of parameters: ${[...trained]}`);
    for (const side of sides) {
      const ratios = rounds.map((round) => round.get(side.name)!.tokens_per_s / round.get(base.name)!.tokens_per_s);
      const speeds = rounds.map((round) => round.get(side.name)!.tokens_per_s);
      rows.push({
        job,
        shape,
        side: side.name,
        speed: median(speeds),
        ratio: median(ratios),
        low: Math.min(...ratios),
        high: Math.max(...ratios),
      });
    }
  }
}

const number = (key: string, title: string, digits: number): Column => ({ key, title, kind: "number", digits });
const text = (key: string): Column => ({ key, title: key, kind: "text" });
if (flags.json) console.log(JSON.stringify({ base: base.name, threads: Number(flags.threads), rows }));
else {
  const title = `Tokens a second against ${base.name}, ${flags.threads} threads each, ${flags.rounds} rounds`;
  const columns = [
    ...["job", "shape", "side"].map(text),
    number("speed", "tokens/s", 0),
    number("ratio", "ratio", 2),
    number("low", "lowest", 2),
    number("high", "highest", 2),
  ];
  console.log(formatTable({ name: "compare", title, columns, rows }));
}

async function measure(side: Side, job: string, shape: string): Promise<Measurement> {
  const { success, stdout, stderr } = await new Deno.Command(side.command, { args: side.args(job, shape) }).output();
  const line = new TextDecoder().decode(stdout).trim().split("\n").at(-1)!;
  if (!success) throw new Error(`${side.name} failed on ${job} ${shape}: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(line) as Measurement;
}

async function works(command: string, args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args, stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
