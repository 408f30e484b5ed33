// What every method costs, as a table: from shapes, and beside it what was measured.
import type { Column, Table } from "../run/mod.ts";
import type { MethodCost } from "../train/mod.ts";
import { byteSize, compact } from "./format.ts";
import { methodLabel } from "../methods.ts";

/** What a study measured of a method; what it did not measure stays empty. */
export interface MeasuredCost {
  /** Of its training, validation included; nothing where nothing is trained. */
  readonly training?: Measured | undefined;
  /** Of scoring text without a cache. */
  readonly scoring?: Measured | undefined;
}

interface Measured {
  readonly tokensPerSecond: number;
  /** The most that its tensors held at once; null where the device cannot tell. */
  readonly bytes: number | null;
}

/**
 * Parameters trained, total and active; operations a token forward and backward; cache a token; and, where anything
 * was measured, tokens a second and the memory of tensors at its peak, in training and in scoring. As text, for the numbers span nine orders of magnitude.
 *
 * @param measured by method
 */
export function methodCostTable(
  costs: readonly MethodCost[],
  measured: Readonly<Record<string, MeasuredCost>> = {},
): Table {
  const column = (key: string, title: string): Column => ({ key, title, kind: "text" });
  const phases = (["training", "scoring"] as const).filter((phase) =>
    costs.some(({ method }) => measured[method]?.[phase] !== undefined)
  );
  const none = (value: number, text: (value: number) => string) => value === 0 ? "–" : text(value);
  return {
    name: "method-costs",
    title: "What each method costs beyond the training of seed and experts",
    columns: [
      column("method", "method"),
      column("trained", "trained"),
      column("total", "total"),
      column("active", "active"),
      column("forward", "FLOP a token"),
      column("backward", "backward"),
      column("kv", "cache a token"),
      ...phases.flatMap((phase) => [
        column(`${phase}-speed`, `${phase}: tokens/s`),
        column(`${phase}-bytes`, "memory"),
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
