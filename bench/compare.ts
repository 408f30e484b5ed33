// Ours against PyTorch and stock tfjs: the same training steps, run alternately, as ratios with their spread.
//
//   deno task bench:compare [--jobs pretrain,stitch] [--shapes tiny,small] [--rounds 5] [--steps 10] [--threads 2]
//     [--avx2] [--wasm] [--wide] [--stock] [--json]
//
// Every measurement is a process of its own that prints its median step; its peak memory is read while it runs. A round
// runs each side once, one after the other; a ratio is taken within a round, so that whatever else the machine does falls
// on both sides alike. Just before each of our native sides, `bench:ops` measures the peak of its products; the share is what
// part of it the whole step reaches, counting the FLOPs that the model's shape takes. Besides the plain sides:
//
//   --avx2   both held to AVX2, as on a machine without AVX-512
//   --wasm   ours by WebAssembly alone
//   --wide   that under V8 flags that let it use 256-bit vectors; docs/performance.md says what they are
import { fileURLToPath } from "node:url";
import { type Column, formatTable } from "../lib/run/mod.ts";
import { describeDevices } from "../lib/tensor/mod.ts";
import { pythonCommand } from "../lib/host/mod.ts";
import { stitchConfigSchema } from "../lib/stitch/mod.ts";
import { pretrainFlops, stitchTrainFlops } from "../lib/train/mod.ts";
import { readChoices, readCount, readFlags } from "./flags.ts";
import { EXPERTS, type ShapeName, shapes } from "./shapes.ts";

const flags = readFlags(import.meta.url, {
  jobs: { type: "string", default: "pretrain,stitch" },
  shapes: { type: "string", default: "tiny,small" },
  rounds: { type: "string", default: "5" },
  steps: { type: "string", default: "10" },
  threads: { type: "string", default: String(navigator.hardwareConcurrency) },
  avx2: { type: "boolean", default: false },
  wasm: { type: "boolean", default: false },
  wide: { type: "boolean", default: false },
  stock: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
});

const jobs = readChoices("--jobs", flags.jobs, ["pretrain", "stitch"]);
const chosen = readChoices("--shapes", flags.shapes, Object.keys(shapes));
const count = readCount("--rounds", flags.rounds);
readCount("--steps", flags.steps);
readCount("--threads", flags.threads);

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

interface Measurement {
  readonly tokens_per_s: number;
  readonly trained: number;
  /** Most memory the process had, where the system tells. */
  readonly peak: number | null;
  /** Part of the peak of products that was reached; null where that was not measured. */
  readonly share: number | null;
}

/** One side of the comparison: how it is measured. */
interface Side {
  readonly name: string;
  readonly command: string;
  readonly args: (job: string, shape: string) => string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What computes the products, if their peak is measured. */
  readonly products?: string;
}

const common = (job: string, shape: string) => ["--job", job, "--shape", shape, "--threads", flags.threads];
const ours = (name: string, extra: string[], env: Record<string, string> = {}): Side => ({
  name,
  env,
  command: Deno.execPath(),
  args: (job, shape) => ["run", "-A", here("train.ts"), ...common(job, shape), "--steps", flags.steps, ...extra],
});

const torch: Side = {
  name: "PyTorch",
  command: pythonCommand(),
  args: (job, shape) => [
    here("torch_reference.py"),
    ...common(job, shape),
    "--steps",
    flags.steps,
    "--device",
    "cpu",
  ],
};

const wideFlags = "--experimental-wasm-revectorize,--no-wasm-bounds-checks";
const by = (products: string) => ["--device", "cpu", "--products", products];
const { native, blas } = await describeDevices();
const levels = native.map(({ level }) => level).filter((level) =>
  level !== "avx2" || flags.avx2 || native.length === 1
);
const sides = levels.map((level): Side => ({ ...ours(`ours, ${level}`, by(level)), products: level }));
if (blas !== undefined) sides.push(ours(`ours, ${blas.name}`, by("blas")));
if (flags.wasm || flags.wide || native.length === 0) sides.push(ours("ours, WebAssembly", by("wasm")));
if (flags.wide) sides.push(ours("ours, WebAssembly, 256-bit flags", by("wasm"), { DENO_V8_FLAGS: wideFlags }));
if (await works(pythonCommand(), ["-c", "import torch"])) {
  sides.push(torch);
  const env = { ATEN_CPU_CAPABILITY: "avx2", MKL_ENABLE_INSTRUCTIONS: "AVX2", ONEDNN_MAX_CPU_ISA: "AVX2" };
  if (flags.avx2) sides.push({ ...torch, name: "PyTorch, AVX2 only", env });
}
if (flags.stock) sides.push(ours("stock tfjs", ["--device", "reference"]));
const base = sides.includes(torch) ? torch : sides[0]!;

const rows: Record<string, string | number | null>[] = [];
for (const job of jobs) {
  for (const shape of chosen) {
    const rounds: Map<string, Measurement>[] = [];
    for (let round = 1; round <= count; round++) {
      const measured = new Map<string, Measurement>();
      for (const side of sides) {
        const measurement = await measure(side, job, shape);
        measured.set(side.name, measurement);
        const speed = measurement.tokens_per_s.toFixed(0);
        const share = measurement.share === null ? "" : `, ${(100 * measurement.share).toFixed(0)} % of the peak`;
        console.error(`${job} ${shape}, round ${round} of ${count}: ${side.name}, ${speed} tokens/s${share}`);
      }
      rounds.push(measured);
    }
    const trained = new Set(rounds.flatMap((round) => [...round.values()].map((side) => side.trained)));
    if (trained.size !== 1) throw new Error(`The sides train different numbers of parameters: ${[...trained]}`);
    for (const side of sides) {
      const ratios = rounds.map((round) => round.get(side.name)!.tokens_per_s / round.get(base.name)!.tokens_per_s);
      const speeds = rounds.map((round) => round.get(side.name)!.tokens_per_s);
      const shares = rounds.map((round) => round.get(side.name)!.share).filter((share) => share !== null);
      rows.push({
        job,
        shape,
        side: side.name,
        speed: median(speeds),
        ratio: median(ratios),
        low: Math.min(...ratios),
        high: Math.max(...ratios),
        share: shares.length === 0 ? null : 100 * median(shares),
        peak: peakOf(rounds.map((round) => round.get(side.name)!.peak)),
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
    number("share", "% of peak", 0),
    number("peak", "peak MiB", 0),
  ];
  console.log(formatTable({ name: "compare", title, columns, rows }));
}

async function measure(side: Side, job: string, shape: string): Promise<Measurement> {
  const limit = side.products === undefined ? undefined : await peakOfProducts(side.products);
  const { result, peak } = await lastLine<Measurement>(side, side.args(job, shape), `${job} ${shape}`);
  const flops = result.tokens_per_s * flopsPerToken(job, shape as ShapeName);
  return { ...result, peak, share: limit === undefined ? null : flops / limit };
}

/** FLOPs per second of products, as `bench:ops` measures them. */
async function peakOfProducts(level: string): Promise<number> {
  const args = ["run", "-A", here("ops.ts"), "--threads", flags.threads, "--products", level];
  const side = { name: `bench:ops, ${level}`, command: Deno.execPath() };
  const { result } = await lastLine<{ limits: { arithmetic: number } }>(
    side,
    [...args, "--only", "product nt 64", "--json"],
    "the peak of products",
  );
  return 1000 * result.limits.arithmetic;
}

/** FLOPs that a training token takes, from the model's shape. */
function flopsPerToken(job: string, shape: ShapeName): number {
  const { config, stitches } = shapes[shape];
  if (job === "pretrain") return pretrainFlops(config);
  return stitchTrainFlops(config, stitchConfigSchema.parse({ count: stitches }), EXPERTS);
}

/** Runs a process, and reads the last line of its output; ends this one if it fails. */
async function lastLine<Result>(
  { name, command, env }: Pick<Side, "name" | "command" | "env">,
  args: string[],
  what: string,
): Promise<{ readonly result: Result; readonly peak: number | null }> {
  const child = new Deno.Command(command, {
    args,
    stdout: "piped",
    stderr: "piped",
    ...(env === undefined ? {} : { env }),
  })
    .spawn();
  let peak: number | null = null;
  const timer = setInterval(() => peak = peakMemory(child.pid) ?? peak, 50);
  const { success, stdout, stderr } = await child.output();
  clearInterval(timer);
  if (!success) {
    console.error(`${name} failed on ${what}:\n${new TextDecoder().decode(stderr).trim()}`);
    Deno.exit(2);
  }
  return { result: JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!), peak };
}

/** The most memory that a process has had so far, in MiB. */
function peakMemory(pid: number): number | null {
  try {
    const kilobytes = /VmHWM:\s+(\d+) kB/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) / 1024;
  } catch {
    return null; // it has ended, or this is no Linux
  }
}

function peakOf(peaks: readonly (number | null)[]): number | null {
  const known = peaks.filter((peak) => peak !== null);
  return known.length === 0 ? null : Math.max(...known);
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
