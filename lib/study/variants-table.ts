// The table of a study's variants.
import type { RunResults, Table } from "../run/mod.ts";
import type { StitchedVariant } from "./variant.ts";

/**
 * What each variant costs: parameters, and tokens a second and memory at its peak in training and in scoring (null where
 * nothing was trained, or the device cannot tell); and what it comes to.
 */
export function variantsTable({ methods }: RunResults, variants: readonly StitchedVariant[]): Table {
  const number = (key: string, title: string, digits: number) => ({ key, title, kind: "number", digits }) as const;
  return {
    name: "variants",
    title: "What each variant trains, and its speed and memory at its peak on this machine",
    columns: [
      { key: "method", title: "variant", kind: "text" },
      number("trained", "parameters trained", 0),
      number("total", "total", 0),
      number("tokens", "tokens", 0),
      number("training-speed", "training: tokens/s", 0),
      number("training-bytes", "training: MB", 1),
      number("scoring-speed", "scoring: tokens/s", 0),
      number("scoring-bytes", "scoring: MB", 1),
      number("loss", "last training loss, nats", 3),
      { ...number("bpb", "mean bits per byte", 3), better: "lower" },
    ],
    rows: variants.map(({ name, trained, measured: { value: { scoring } } }) => ({
      method: name,
      trained: methods[name]!.parameters.trained,
      total: methods[name]!.parameters.total,
      tokens: trained?.value.tokens ?? 0,
      "training-speed": trained === undefined ? null : trained.value.tokens / trained.value.seconds,
      "training-bytes": megabytes(trained?.value.peakBytes),
      "scoring-speed": scoring["bts"]?.tokensPerSecond ?? null,
      "scoring-bytes": megabytes(scoring["bts"]?.bytes),
      loss: trained?.value.loss ?? null,
      bpb: methods[name]!.bpb["mean"] ?? null,
    })),
  };
}

const megabytes = (bytes: number | null | undefined) => bytes === null || bytes === undefined ? null : bytes / 1e6;
