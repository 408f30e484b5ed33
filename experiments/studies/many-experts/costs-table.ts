// The table of what each method costs with each number of experts.
import { ensembleNames } from "../groups/ensembles.ts";
import { HEADLINE, numberColumn, parametersOf, type Table, textColumn, valueOf } from "../../../lib/run/mod.ts";
import type { ManyCells } from "./cells.ts";
import { builtName, byMethod } from "./config.ts";

/** Parameters, measured speed and memory of training and scoring, and quality. */
export function costsTable({ singles, found }: ManyCells): Table {
  const rows = found.map(({ n, stitches, stitched, others }) => {
    const { soup, btm, topK } = ensembleNames(n);
    const trained = new Map([...others.trained, ["bts", stitches] as const]);
    const built = [...others.measured, stitched].flatMap(({ value }) =>
      Object.keys(value.methods).map((method) => ({ name: builtName(method, n), method, value }))
    );
    const untrained = [soup, btm, topK].map((name) => ({ name, method: name, value: singles.value }));
    return [...untrained, ...built].map(({ name, method, value: { methods, scoring } }) => {
      const training = trained.get(method)?.value;
      const parameters = parametersOf(methods[method]);
      return {
        method: name,
        trained: parameters?.trained ?? null,
        total: parameters?.total ?? null,
        "training-speed": training === undefined ? null : training.tokens! / training.seconds!,
        "training-bytes": megabytes(training?.peakBytes),
        "scoring-speed": scoring[method]?.tokensPerSecond ?? null,
        "scoring-bytes": megabytes(scoring[method]?.bytes),
        bpb: valueOf(methods[method], HEADLINE) ?? null,
      };
    });
  });
  return {
    name: "many-experts",
    title: "Parameters, speed and peak memory on this machine, by method and number of experts",
    columns: [
      textColumn("method", "method"),
      numberColumn("trained", "parameters trained", 0),
      numberColumn("total", "total", 0),
      numberColumn("training-speed", "training: tokens/s", 0),
      numberColumn("training-bytes", "training: MB", 1),
      numberColumn("scoring-speed", "scoring: tokens/s", 0),
      numberColumn("scoring-bytes", "scoring: MB", 1),
      numberColumn("bpb", "mean bits per byte", 3, "lower"),
    ],
    rows: byMethod(rows, ({ method }) => method),
  };
}

/** The stitched model by the format of its frozen models. */
export function packedTable({ found }: ManyCells): Table {
  return {
    name: "packed",
    title:
      "BTS with packed models: memory of models and stitches, speed, and bits per byte of a part of the held-out text",
    columns: [
      textColumn("method", "method"),
      textColumn("format", "format"),
      numberColumn("megabytes", "MB", 1),
      numberColumn("speed", "scoring: tokens/s", 0),
      numberColumn("bpb", "bits per byte", 3, "lower"),
    ],
    rows: found.flatMap(({ n, packed }) =>
      packed.value.map(({ format, bytes, tokensPerSecond, bpb }) => ({
        method: builtName("bts", n),
        format,
        megabytes: megabytes(bytes),
        speed: tokensPerSecond,
        bpb,
      }))
    ),
  };
}

const megabytes = (bytes: number | null | undefined) => bytes === null || bytes === undefined ? null : bytes / 1e6;
