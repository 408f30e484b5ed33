// How a step's cost grows: time per step against d, L, T, n and K, each doubled while the others stay, with the exponent
// that fits best, beside that of the floating-point operations it should follow.
//
//   deno task bench:growth [--steps 5] [--threads 2] [--products amx|avx512|avx2|blas|wasm] [--only d|L|T|n|K] [--json]
//
// Every measurement is a process of its own (train.ts) that prints its fastest step: other work on the machine can only
// add to it.
import { fileURLToPath } from "node:url";
import { type ModelConfig, parameterCount } from "../lib/model/mod.ts";
import { type Column, formatTable } from "../lib/run/mod.ts";
import { pretrainFlops, stitchTrainFlops } from "../lib/train/mod.ts";
import { stitchConfigSchema } from "../lib/stitch/mod.ts";
import { productsOf, readChoices, readCount, readFlags } from "./flags.ts";
import { shapes } from "./shapes.ts";

const flags = readFlags(import.meta.url, {
  steps: { type: "string", default: "5" },
  threads: { type: "string", default: String(navigator.hardwareConcurrency) },
  products: { type: "string" },
  only: { type: "string" },
  json: { type: "boolean", default: false },
});

readCount("--steps", flags.steps);
readCount("--threads", flags.threads);
productsOf(flags);

/** One quantity that grows, from a base that is small enough to be doubled thrice. */
interface Series {
  readonly name: string;
  readonly job: "pretrain" | "stitch";
  /** Flags of train.ts for a value, and the operations of one step. */
  readonly at: (value: number) => { readonly args: readonly string[]; readonly flops: number };
  readonly values: readonly number[];
}

const base = shapes.tiny;

function model(changes: Partial<ModelConfig>): ModelConfig {
  return { ...base.config, ...changes };
}

function pretrain(changes: (value: number) => Partial<ModelConfig>, batch: (value: number) => number) {
  return (value: number) => {
    const config = model(changes(value));
    const tokens = batch(value) * config.contextLength;
    return { args: argsOf(config, batch(value)), flops: tokens * pretrainFlops(config) };
  };
}

function stitch(layers: number, settings: (value: number) => { readonly experts: number; readonly count: number }) {
  return (value: number) => {
    const config = model({ layers });
    const { experts, count } = settings(value);
    const tokens = base.batch * config.contextLength;
    const flops = stitchTrainFlops(config, stitchConfigSchema.parse({ count }), experts) * tokens;
    return { args: [...argsOf(config, base.batch), "--experts", `${experts}`, "--stitches", `${count}`], flops };
  };
}

function argsOf({ width, layers, contextLength, inner }: ModelConfig, batch: number): string[] {
  const sizes = { width, layers, context: contextLength, inner, batch };
  return Object.entries(sizes).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

const series: readonly Series[] = [
  {
    name: "d",
    job: "pretrain",
    values: [64, 128, 256, 512],
    at: pretrain((width) => ({ width, inner: Math.round(width * 2.6875) }), () => base.batch),
  },
  { name: "L", job: "pretrain", values: [2, 4, 8, 16], at: pretrain((layers) => ({ layers }), () => base.batch) },
  {
    name: "T (tokens equal)",
    job: "pretrain",
    values: [64, 128, 256, 512],
    at: pretrain((contextLength) => ({ contextLength }), (T) => base.batch * base.config.contextLength / T),
  },
  { name: "n", job: "stitch", values: [1, 2, 4, 8], at: stitch(4, (experts) => ({ experts, count: 2 })) },
  { name: "K", job: "stitch", values: [1, 2, 4, 8], at: stitch(8, (count) => ({ experts: 3, count })) },
];

const rows: Record<string, string | number>[] = [];
const chosen = flags.only === undefined ? undefined : readChoices("--only", flags.only, series.map(letter));
for (const { name, job, values, at } of series.filter((one) => chosen?.includes(letter(one)) ?? true)) {
  const measured: { value: number; ms: number; flops: number }[] = [];
  for (const value of values) {
    const { args, flops } = at(value);
    measured.push({ value, flops, ms: await fastestStep(["--job", job, ...args]) });
  }
  rows.push({
    quantity: name,
    job,
    values: values.join(", "),
    times: measured.map(({ ms }) => ms.toFixed(ms < 100 ? 1 : 0)).join(", "),
    exponent: exponent(measured.map(({ value, ms }) => [value, ms])),
    flops: exponent(measured.map(({ value, flops }) => [value, flops])),
  });
}

if (flags.json) console.log(JSON.stringify({ threads: Number(flags.threads), rows }));
else {
  const text = (key: string, title: string): Column => ({ key, title, kind: "text" });
  const number = (key: string, title: string): Column => ({ key, title, kind: "number", digits: 2 });
  const columns = [
    text("quantity", "grows"),
    text("job", "job"),
    text("values", "values"),
    text("times", "ms per step"),
    number("exponent", "exponent"),
    number("flops", "of the operations"),
  ];
  const title = `Cost of a step from shape tiny (${parameterCount(base.config)} parameters), ${flags.threads} threads`;
  console.log(formatTable({ name: "growth", title, columns, rows }));
}

function letter({ name }: Series): string {
  return name[0]!;
}

async function fastestStep(args: readonly string[]): Promise<number> {
  const common = ["--device", "cpu", "--threads", flags.threads, "--steps", flags.steps];
  if (flags.products !== undefined) common.push("--products", flags.products);
  const program = fileURLToPath(new URL("train.ts", import.meta.url));
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", program, ...common, ...args],
  }).output();
  if (!success) {
    console.error(new TextDecoder().decode(stderr).trim());
    Deno.exit(2);
  }
  return (JSON.parse(new TextDecoder().decode(stdout)) as { fastest_ms: number }).fastest_ms;
}

/** The slope of a line through the logarithms, by least squares. */
function exponent(points: readonly (readonly [number, number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (axis: 0 | 1) => logs.reduce((sum, point) => sum + point[axis], 0) / logs.length;
  const [x0, y0] = [mean(0), mean(1)];
  const below = logs.reduce((sum, [x]) => sum + (x - x0) ** 2, 0);
  return logs.reduce((sum, [x, y]) => sum + (x - x0) * (y - y0), 0) / below;
}
