// What every method costs, as a table: from shapes, and beside it what was measured.
import type { Column, Table } from "../run/mod.ts";
import type { MethodCost } from "../train/mod.ts";
import { byteSize, compact } from "./format.ts";
import { methodLabel } from "./methods.ts";

/** What a study measured of a method; what it did not measure stays empty. */
export interface MeasuredCost {
  /** Tokens a second in training, or in scoring for what is not trained. */
  readonly tokensPerSecond?: number | undefined;
  /** Memory at its peak. */
  readonly bytes?: number | undefined;
}

/**
 * Parameters trained, total and active; operations a token forward and backward; cache a token; and, where anything
 * was measured, tokens a second and memory. As text, for the numbers span nine orders of magnitude.
 *
 * @param measured by method
 */
export function methodCostTable(
  costs: readonly MethodCost[],
  measured: Readonly<Record<string, MeasuredCost>> = {},
): Table {
  const column = (key: string, title: string): Column => ({ key, title, kind: "text" });
  const has = (key: keyof MeasuredCost) => costs.some(({ method }) => measured[method]?.[key] !== undefined);
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
      ...(has("tokensPerSecond") ? [column("speed", "tokens/s")] : []),
      ...(has("bytes") ? [column("bytes", "memory")] : []),
    ],
    rows: costs.map(({ method, parameters, flops, kvBytes }) => ({
      method: method === "expert" ? "Each expert" : methodLabel(method),
      trained: none(parameters.trained, compact),
      total: compact(parameters.total),
      active: compact(parameters.active),
      forward: compact(flops.forward),
      backward: none(flops.backward, compact),
      kv: byteSize(kvBytes),
      speed: compact(measured[method]?.tokensPerSecond),
      bytes: measured[method]?.bytes === undefined ? "–" : byteSize(measured[method].bytes),
    })),
  };
}
