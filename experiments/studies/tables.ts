// The tables of the studies.
import type { RunResults, Table } from "../../lib/run/mod.ts";
import type { StitchedVariant } from "./study.ts";

/** What each variant trained and how fast. */
export function variantsTable({ methods }: RunResults, variants: readonly StitchedVariant[]): Table {
  const number = (key: string, title: string, digits: number) => ({ key, title, kind: "number", digits }) as const;
  return {
    name: "variants",
    title: "What each variant trains, and its speed in training on this machine",
    columns: [
      { key: "method", title: "variant", kind: "text" },
      number("trained", "parameters trained", 0),
      number("total", "total", 0),
      number("tokens", "tokens", 0),
      number("speed", "tokens/s", 0),
      number("loss", "last training loss, nats", 3),
      { ...number("bpb", "mean bits per byte", 3), better: "lower" },
    ],
    rows: variants.map(({ name, trained }) => ({
      method: name,
      trained: methods[name]!.parameters.trained,
      total: methods[name]!.parameters.total,
      tokens: trained?.value.tokens ?? 0,
      speed: trained === undefined ? null : trained.value.tokens / trained.value.seconds,
      loss: trained?.value.loss ?? null,
      bpb: methods[name]!.bpb["mean"] ?? null,
    })),
  };
}
