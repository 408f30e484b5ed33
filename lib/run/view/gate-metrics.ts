// Gates as metrics of the cell that trains stitches: `gate/<stitch>/<domain>/<model>`, the mean on validation text. Pure:
// the browser loads this file.
import type { CellView } from "../events/views.ts";

/** The mean gate of a model at a stitch, on text of a domain. */
export interface LoggedGate {
  /** From 1. */
  readonly stitch: number;
  readonly domain: string;
  /** `seed`, or an expert's domain. */
  readonly model: string;
  readonly gate: number;
}

const PREFIX = "gate/";

/** The name of a gate's metric. */
export function gateMetric({ stitch, domain, model }: Omit<LoggedGate, "gate">): string {
  return `${PREFIX}${stitch}/${domain}/${model}`;
}

/** Whether a metric is a gate. */
export function isGateMetric(name: string): boolean {
  return name.startsWith(PREFIX);
}

/** The gates that a cell logged last, and the step; undefined if it has logged none. */
export function latestGates({ metrics }: Pick<CellView, "metrics">):
  | { readonly step: number; readonly gates: readonly LoggedGate[] }
  | undefined {
  const point = metrics.findLast(({ values }) => Object.keys(values).some(isGateMetric));
  if (point === undefined) return undefined;
  const gates = Object.entries(point.values).flatMap(([name, gate]): LoggedGate[] => {
    const [, stitch, domain, model] = /^gate\/(\d+)\/([^/]+)\/(.+)$/.exec(name) ?? [];
    return model === undefined || gate === null ? [] : [{ stitch: Number(stitch), domain: domain!, model, gate }];
  });
  return { step: point.step, gates };
}
