// The table of a study's variants.
import { HEADLINE, numberColumn, parametersOf, type RunResults, type Table, textColumn, valueOf } from "../run/mod.ts";
import type { StitchedVariant } from "./variant.ts";

/**
 * The cost of each variant, with its results: parameters, computed FLOPs, and the measured speed and peak memory of
 * training and scoring (null if nothing was trained, or the device does not report it).
 */
export function variantsTable({ methods }: RunResults, variants: readonly StitchedVariant[]): Table {
  return {
    name: "variants",
    title: "Parameters and FLOPs of each variant, and its speed and peak memory on this machine",
    columns: [
      textColumn("method", "variant"),
      numberColumn("trained", "parameters trained", 0),
      numberColumn("total", "total", 0),
      numberColumn("forward-flops", "forward: MFLOPs/token", 2),
      numberColumn("training-flops", "training: MFLOPs/token", 2),
      numberColumn("tokens", "tokens", 0),
      numberColumn("training-speed", "training: tokens/s", 0),
      numberColumn("training-bytes", "training: MB", 1),
      numberColumn("scoring-speed", "scoring: tokens/s", 0),
      numberColumn("scoring-bytes", "scoring: MB", 1),
      numberColumn("loss", "last training loss, nats", 3),
      numberColumn("bpb", "mean bits per byte", 3, "lower"),
    ],
    rows: variants.map(({ name, trained, measured: { value: { scoring } }, flops }) => ({
      method: name,
      trained: parametersOf(methods[name])?.trained ?? null,
      total: parametersOf(methods[name])?.total ?? null,
      "forward-flops": flops.forward / 1e6,
      "training-flops": flops.training / 1e6,
      tokens: trained?.value.tokens ?? 0,
      "training-speed": trained === undefined ? null : trained.value.tokens! / trained.value.seconds!,
      "training-bytes": megabytes(trained?.value.peakBytes),
      "scoring-speed": scoring["bts"]?.tokensPerSecond ?? null,
      "scoring-bytes": megabytes(scoring["bts"]?.bytes),
      loss: trained?.value.loss ?? null,
      bpb: valueOf(methods[name], HEADLINE) ?? null,
    })),
  };
}

const megabytes = (bytes: number | null | undefined) => bytes === null || bytes === undefined ? null : bytes / 1e6;
