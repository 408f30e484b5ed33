// A run with tiny random models in the places of trained ones.
import { z } from "zod";
import { baselinesDefinition } from "../../experiments/baselines/config.ts";
import { trainedSchema } from "../../lib/bts/mod.ts";
import { openTokenizer, trainTokenizer } from "../../lib/data/mod.ts";
import { infoOf, MEASURES } from "../../lib/eval/mod.ts";
import { hashTensors, saveModelFolder } from "../../lib/huggingface/mod.ts";
import { type HostWeights, type ModelConfig, modelConfigSchema } from "../../lib/model/mod.ts";
import { beginRun, numberColumn, type Run, type RunResults, textColumn } from "../../lib/run/mod.ts";
import { saveStitches } from "../../lib/stitch/mod.ts";
import { bigWeights, noisyStitches, stitchConfig } from "../tiny.ts";

const TOKENIZER = trainTokenizer(["let x = 3 + 4; the whale | and the sea\n".repeat(9)], { vocabSize: 270 });

export const CONFIG: ModelConfig = modelConfigSchema.parse({
  vocabSize: openTokenizer(TOKENIZER).vocabSize,
  width: 32,
  layers: 3,
  heads: 4,
  kvHeads: 2,
  inner: 48,
  contextLength: 32,
  tiedEmbeddings: false,
});

const BITS_PER_BYTE = MEASURES.find(({ name }) => name === "bpb")!;

const measure = (name: string, value: number) => ({
  name: BITS_PER_BYTE.name,
  group: name,
  value,
  interval: name === "code" ? [value - 0.1, value + 0.1] as [number, number] : null,
  samples: 9,
  better: BITS_PER_BYTE.better,
});

const RESULTS: RunResults = {
  domains: ["english", "code"],
  measures: [infoOf(BITS_PER_BYTE)],
  methods: Object.fromEntries(
    ["seed", "expert:code", "expert:math", "soup", "bts"].map((method, i) => [
      method,
      [measure("english", 3 - i / 10), measure("code", 2 - i / 10), measure("mean", 2.5 - i / 10)],
    ]),
  ),
};

/** What a test changes of the run. */
interface Changes {
  readonly experiment?: string;
  readonly finished?: boolean;
  readonly pretrained?: Readonly<Record<string, string>>;
  readonly model?: Partial<ModelConfig>;
  /** Builds further cells. */
  readonly more?: (run: Run, models: readonly HostWeights[]) => Promise<void>;
  /** Factor of the models' matrices. */
  readonly scale?: number;
}

/** A cell that returns what `output` describes. */
export const spec = <Output>(name: string, output: z.ZodType<Output>) => ({
  name,
  title: name,
  description: "",
  inputs: { name },
  code: import.meta,
  output,
});

/** Runs `body` with a finished run named `my run` with the models `seed`, `code`, `math`, merges, `dense` and `bts`. */
export async function withTrainedRun(
  body: (runs: string, id: string) => Promise<void>,
  { experiment = "baselines", finished = true, pretrained = {}, model = {}, scale = 1, more }: Changes = {},
): Promise<void> {
  const runs = await Deno.makeTempDir({ prefix: "stitchbook-export-" });
  try {
    const settings = { ...baselinesDefinition.schema.parse({}), experts: ["code", "math"], pretrained };
    const run = await beginRun({
      runsFolder: runs,
      experiment,
      title: "my run",
      preset: "smoke",
      seed: 1,
      device: "a device",
      plan: [],
      command: ["deno", "task", "run", "experiments/baselines.ts", "--name", "my run"],
      config: settings,
    });
    await run.cell(spec("data", z.null()), async (cell) => {
      await Deno.writeTextFile(`${cell.folder}/code.train.tokens.u16`, "tokens");
      cell.table({
        name: "data",
        title: "Text by domain and split",
        columns: [
          textColumn("domain"),
          textColumn("split"),
          ...["documents", "bytes", "tokens"].map((one) => numberColumn(one)),
        ],
        rows: [{ domain: "code", split: "train", documents: 12, bytes: 34_567, tokens: 8_910 }],
      });
      cell.table({ name: "cost", title: "Cost", columns: [textColumn("method")], rows: [{ method: "seed" }] });
      return null;
    });
    const config = { ...CONFIG, ...model };
    const made: Record<string, HostWeights> = {};
    for (const [i, name] of ["seed", "expert:code", "expert:math", "dense"].entries()) {
      const tensors = made[name] = bigWeights(config, i + 1);
      if (scale !== 1) {
        for (const { data } of Object.values(tensors)) data.forEach((value, i) => data[i] = scale * value);
      }
      await run.cell(spec(name, trainedSchema), async ({ folder }) => {
        await saveModelFolder(folder, { config, tensors, tokenizer: TOKENIZER });
        const known = { steps: 30, tokens: 15_360, seconds: 1, loss: 3, validation: 3, peakBytes: null };
        return { ...known, weights: hashTensors(tensors) };
      });
    }
    await run.cell(spec("stitch", z.null()), async ({ folder }) => {
      const stitch = stitchConfig({ count: 2 });
      await saveStitches(`${folder}/stitches.safetensors`, {
        config: stitch,
        stitches: noisyStitches(stitch, 2, 5, config),
        hub: hashTensors(made["seed"]!),
        experts: ["code", "math"].map((name) => ({ name, weights: hashTensors(made[`expert:${name}`]!) })),
      });
      return null;
    });
    await more?.(run, ["seed", "expert:code", "expert:math"].map((name) => made[name]!));
    if (finished) run.finish(RESULTS);
    await body(runs, run.id);
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
}
