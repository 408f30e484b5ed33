// The cost of every method as a table: computed from shapes, and measured.
import { type Table, textColumn } from "../run/mod.ts";
import type { MethodCost } from "../train/mod.ts";
import { byteSize, compact } from "./format.ts";
import { methodLabel } from "../methods.ts";

/** What a study measured for a method; undefined if it did not. */
export interface MeasuredCost {
  /** Training, including validation; undefined if nothing is trained. */
  readonly training?: Measured | undefined;
  /** Scoring text without a cache. */
  readonly scoring?: Measured | undefined;
}

interface Measured {
  readonly tokensPerSecond: number;
  /** Peak memory of its tensors; null if the device cannot report it. */
  readonly bytes: number | null;
}

/**
 * Parameters trained, total and active; operations per token, forward and backward; cache per token; and, where
 * measured, tokens per second and peak memory of tensors in training and in scoring. All as text, since the numbers span
 * nine orders of magnitude.
 *
 * @param measured by method
 */
export function methodCostTable(
  costs: readonly MethodCost[],
  measured: Readonly<Record<string, MeasuredCost>> = {},
): Table {
  const phases = (["training", "scoring"] as const).filter((phase) =>
    costs.some(({ method }) => measured[method]?.[phase] !== undefined)
  );
  const none = (value: number, text: (value: number) => string) => value === 0 ? "–" : text(value);
  return {
    name: "method-costs",
    title: "Cost of each method beyond training the seed and the experts",
    columns: [
      ...["method", "trained", "total", "active"].map((key) => textColumn(key)),
      textColumn("forward", "FLOPs per token"),
      textColumn("backward"),
      textColumn("kv", "cache per token"),
      ...phases.flatMap((phase) => [
        textColumn(`${phase}-speed`, `${phase}: tokens/s`),
        textColumn(`${phase}-bytes`, "memory"),
      ]),
    ],
    rows: costs.map(({ method, parameters, flops, kvBytes }) => ({
      method: method === "expert" ? "Each expert" : methodLabel(method),
      trained: none(parameters.trained, compact),
      total: compact(parameters.total),
      active: compact(parameters.active),
      forward: compact(flops.forward),
      backward: none(flops.backward, compact),
      kv: byteSize(kvBytes),
      ...Object.fromEntries(phases.flatMap((phase) => {
        const found = measured[method]?.[phase];
        const bytes = found?.bytes ?? null;
        return [
          [`${phase}-speed`, found === undefined ? "–" : compact(found.tokensPerSecond)],
          [`${phase}-bytes`, bytes === null ? "–" : byteSize(bytes)],
        ];
      })),
    })),
  };
}
