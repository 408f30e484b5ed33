// A plan as people read it: what each cell costs, before anything is done.
import * as tf from "@tensorflow/tfjs";
import type { Column, Table } from "../lib/run/mod.ts";
import { linear } from "../lib/tensor/mod.ts";

/** One planned cell. */
export interface PlannedCell {
  readonly cell: string;
  readonly title: string;
  readonly tokens: number;
  readonly flops: number;
  /** Memory at its peak, in bytes. */
  readonly bytes: number;
}

/** Share of the device's measured speed in matrix products that training is assumed to reach. */
export const ASSUMED_EFFICIENCY = 0.6;

/** The plan as a table; `flopsPerSecond` is what the device was measured to do in matrix products. */
export function planTable(cells: readonly PlannedCell[], flopsPerSecond: number): Table {
  const number = (key: string, title: string, digits: number): Column => ({ key, title, kind: "number", digits });
  const rows = [...cells, {
    cell: "all",
    title: "",
    tokens: sum(cells.map(({ tokens }) => tokens)),
    flops: sum(cells.map(({ flops }) => flops)),
    bytes: Math.max(...cells.map(({ bytes }) => bytes)),
  }];
  return {
    name: "plan",
    title: "Plan",
    columns: [
      { key: "cell", title: "cell", kind: "text" },
      { key: "title", title: "what", kind: "text" },
      number("tokens", "tokens", 0),
      number("gflop", "GFLOP", 1),
      number("megabytes", "MB at peak", 0),
      number("seconds", "estimated seconds", 0),
    ],
    rows: rows.map(({ cell, title, tokens, flops, bytes }) => ({
      cell,
      title,
      tokens,
      gflop: flops / 1e9,
      megabytes: bytes / 1e6,
      seconds: flops / (flopsPerSecond * ASSUMED_EFFICIENCY),
    })),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/** Operations a second of the open device in products of `[512, 512]` matrices, over about a third of a second. */
export async function measureFlops(): Promise<number> {
  const size = 512;
  const [x, w] = [tf.ones([size, size]), tf.ones([size, size])];
  const product = async () => {
    const y = tf.tidy(() => linear(x, w));
    await y.data();
    y.dispose();
  };
  await product();
  const began = performance.now();
  let count = 0;
  do {
    await product();
    count++;
  } while (performance.now() - began < 300);
  const seconds = (performance.now() - began) / 1000;
  tf.dispose([x, w]);
  return count * 2 * size ** 3 / seconds;
}
