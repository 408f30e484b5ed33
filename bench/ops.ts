// Micro-benchmarks: every operation, forward and backward, against the machine's limit, stock tfjs and jax-js.
//
//   deno task bench:ops [--threads 2] [--products amx|avx512|avx2|blas|wasm] [--blas off] [--stock] [--jax] [--only NAME]
//     [--shape tiny|small|base|135m|smollm] [--json]
//
// A time is the fastest of many. Products and attention are held against the best rate of square products of 256 to 1024,
// everything else, by the bytes that it must read and write, against the rate of a sum of two large tensors.
import * as tf from "@tensorflow/tfjs";
import { type Column, formatTable } from "../lib/run/mod.ts";
import { type DeviceName, type DeviceOptions, openDevice } from "../lib/tensor/mod.ts";
import { timeInJax } from "./jax.ts";
import { operationRows, type Row } from "./operations.ts";
import { finishJobs } from "./finish.ts";
import { productsOf, readChoices, readCount, readFlags, refuse } from "./flags.ts";
import { type ShapeName, shapes } from "./shapes.ts";

const flags = readFlags(import.meta.url, {
  threads: { type: "string", default: String(navigator.hardwareConcurrency) },
  blas: { type: "string", default: "on" },
  products: { type: "string" },
  stock: { type: "boolean", default: false },
  jax: { type: "boolean", default: false },
  only: { type: "string", default: "" },
  shape: { type: "string", default: "tiny" },
  json: { type: "boolean", default: false },
});

readChoices("--shape", flags.shape, Object.keys(shapes));
readCount("--threads", flags.threads);
const all = operationRows(flags.shape as ShapeName);
const rows = all.filter(({ name }) => name.toLowerCase().includes(flags.only.toLowerCase()));
if (rows.length === 0) {
  refuse(`No operation's name has "${flags.only}" in it: there are ${all.map(({ name }) => name).join(", ")}`);
}
const options: DeviceOptions = { threads: Number(flags.threads), ...productsOf(flags) };

interface Times {
  readonly forward: number;
  readonly backward: number | undefined;
}

const ours = await onDevice("cpu", options, () => ({
  limits: measureLimits(),
  bytes: rows.map(bytesOf),
  times: rows.map(measure),
}));
const stock = flags.stock
  ? (await onDevice("reference", {}, () => rows.map((row) => isLarge(row) ? undefined : measure(row)))).value
  : [];
const jax: (number | undefined)[] = [];
if (flags.jax) {
  const inputs = await onDevice("reference", {}, () => rows.map((row) => row.jax && hostInputs(row)));
  for (const [i, row] of rows.entries()) {
    jax.push(row.jax === undefined ? undefined : await timeInJax(row.jax, inputs.value[i]!));
  }
}

const { limits, bytes, times } = ours.value;
const table = rows.map((row, i) => {
  const { forward, backward } = times[i]!;
  const work = row.flops ?? bytes[i]!;
  const limit = work / (row.flops === undefined ? limits.bandwidth : limits.arithmetic);
  return {
    name: row.name,
    forward: forward * 1000,
    rate: `${(work / forward / 1e6).toFixed(1)} ${row.flops === undefined ? "GB/s" : "GFLOP/s"}`,
    share: 100 * limit / forward,
    backward: backward === undefined ? null : backward * 1000,
    stock: stock[i] === undefined ? null : stock[i]!.forward / forward,
    jax: jax[i] === undefined ? null : jax[i]! / forward,
  };
});
if (flags.json) console.log(JSON.stringify({ device: ours.description, limits, rows: table }));
else {
  const number = (key: string, title: string, digits: number): Column => ({ key, title, kind: "number", digits });
  const columns: Column[] = [
    { key: "name", title: "operation", kind: "text" },
    number("forward", "µs", 0),
    { key: "rate", title: "rate", kind: "text" },
    number("share", "% of limit", 0),
    number("backward", "backward µs", 0),
    ...(flags.stock ? [number("stock", "× stock tfjs", 1)] : []),
    ...(flags.jax ? [number("jax", "× jax-js", 1)] : []),
  ];
  const title = `${ours.description}; limits ${(limits.arithmetic / 1e6).toFixed(0)} GFLOP/s and ` +
    `${(limits.bandwidth / 1e6).toFixed(0)} GB/s`;
  console.log(formatTable({ name: "operations", title, columns, rows: table }));
}
if (flags.jax) Deno.exit(); // jax-js's threads would keep the process

async function onDevice<T>(
  name: DeviceName,
  options: DeviceOptions,
  work: () => T,
): Promise<{ readonly value: T; readonly description: string }> {
  const device = await openDevice(name, options);
  try {
    return { value: work(), description: device.description };
  } finally {
    await device.close();
  }
}

/** Floating-point operations and bytes in a millisecond. */
function measureLimits(): { readonly arithmetic: number; readonly bandwidth: number } {
  const rates = [256, 512, 1024].map((n) => {
    const [a, b] = [tf.randomNormal([n, n]), tf.randomNormal([n, n])];
    const product = time(() => tf.matMul(a, b).dispose());
    tf.dispose([a, b]);
    return 2 * n ** 3 / product;
  });
  const size = 4 << 20;
  const [x, y] = [tf.ones([size]), tf.ones([size])];
  const sum = time(() => tf.add(x, y).dispose());
  tf.dispose([x, y]);
  return { arithmetic: Math.max(...rates), bandwidth: 12 * size / sum };
}

/** Fastest milliseconds of a call. */
function time(f: () => void, budget = 300): number {
  f();
  f();
  finishJobs();
  let best = Infinity;
  const start = performance.now();
  for (let i = 0; i < 5 || (performance.now() - start < budget && i < 2000); i++) {
    const started = performance.now();
    f();
    finishJobs();
    best = Math.min(best, performance.now() - started);
  }
  return best;
}

/** Whether stock tfjs would take seconds for it. */
function isLarge({ flops = 0, bytes = 0 }: Row): boolean {
  return flops > 3e7 || bytes > 1e9;
}

function measure(row: Row): Times {
  const inputs = row.inputs();
  const forward = time(() => tf.dispose(outputsOf(row, inputs).filter((y) => !inputs.includes(y))));
  let backward: number | undefined;
  if (row.trained !== undefined) {
    const dys = tf.tidy(() => outputsOf(row, inputs).map((y) => tf.onesLike(y)));
    const chosen = row.trained;
    const gradients = tf.grads((...xs: tf.Tensor[]) => {
      const all = [...inputs];
      chosen.forEach((index, i) => all[index] = xs[i]!);
      const outputs = outputsOf(row, all);
      return outputs.length === 1 ? outputs[0]! : joined(outputs, dys);
    });
    const xs = chosen.map((index) => inputs[index]!);
    const dy = dys.length === 1 ? dys[0]! : tf.scalar(1);
    const both = time(() => tf.dispose(gradients(xs, dy)));
    backward = Math.max(0, both - forward);
    tf.dispose([dy, ...dys]);
  }
  tf.dispose(inputs);
  return { forward, backward };
}

function outputsOf(row: Row, inputs: tf.Tensor[]): tf.Tensor[] {
  const made = row.run(inputs);
  return Array.isArray(made) ? made : [made];
}

/**
 * A scalar that depends on all outputs, with these gradients: for `tf.grads()`, which wants one output. It takes some 15
 * µs.
 */
function joined(outputs: readonly tf.Tensor[], dys: readonly tf.Tensor[]): tf.Tensor {
  const join = tf.customGrad(() => ({ value: tf.scalar(0), gradFunc: () => dys.map((dy) => tf.clone(dy)) }));
  return join(...outputs);
}

function hostInputs(row: Row) {
  const inputs = row.inputs();
  const values = inputs.map((x) => ({
    shape: x.shape,
    data: x.dataSync().slice() as Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>,
  }));
  tf.dispose(inputs);
  return values;
}

/** Bytes of the inputs and, about half as many, of the output, where the row has no better count. */
function bytesOf(row: Row): number {
  if (row.bytes !== undefined) return row.bytes;
  const inputs = row.inputs();
  const bytes = 4 * 1.5 * inputs.reduce((sum, x) => sum + x.size, 0);
  tf.dispose(inputs);
  return bytes;
}
