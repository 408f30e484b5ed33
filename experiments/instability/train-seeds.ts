// The training cells of the experiment: one per arm.
import { join } from "node:path";
import { z } from "zod";
import type { TokenStream } from "../../lib/data/mod.ts";
import type { ExperimentContext } from "../../lib/experiment/mod.ts";
import type { ModelConfig } from "../../lib/model/mod.ts";
import type { CellCost } from "../../lib/run/mod.ts";
import { isWatched, pretrainFlops, trainedLayers, trainingBytes } from "../../lib/train/mod.ts";
import type { Arm } from "./arms.ts";
import type { InstabilityConfig } from "./config.ts";
import { outcomeSchema } from "./outcome.ts";
import { ratiosTable } from "./ratios-table.ts";
import { type Trace, trainArm } from "./train-arm.ts";

/** The text that all arms share. */
export interface Prepared {
  /** Hash of the tokens. */
  readonly fingerprint: string;
  readonly text: TokenStream;
  readonly vocabSize: number;
}

/** The run, its settings, device and text. */
export type InstabilityLab = ExperimentContext<InstabilityConfig, Prepared>;

const trainedSchema = z.strictObject({ outcomes: z.array(outcomeSchema) });

/** The cell of one arm: one training per random seed. The cell's metrics are those of the first seed. */
export function trainSeeds({ run, config, rngSeed, device, prepared }: InstabilityLab, arm: Arm) {
  const model = modelOf(config, prepared.vocabSize);
  const seeds = Array.from({ length: config.repeats }, (_, i) => rngSeed + i);
  const { train, monitor } = arm;
  return run.cell({
    name: arm.name,
    title: `Train: ${arm.name}`,
    description: `Every arm starts with the same weights and trains on the same batches. This one: ${arm.what}.`,
    inputs: {
      kind: "instability",
      model,
      train,
      monitor,
      batches: config.batches,
      seeds,
      text: prepared.fingerprint,
    },
    code: import.meta,
    device,
    output: trainedSchema,
    cost: () => armCost(config, model),
  }, async (cell) => {
    const traces: Trace[] = [];
    for (const [i, own] of seeds.entries()) {
      traces.push(
        await trainArm({
          arm,
          model,
          text: prepared.text,
          batches: config.batches,
          rngSeed: own,
          signal: cell.signal,
          onLoss(tick, loss, statistics) {
            if (i > 0) return;
            const groups = (statistics ?? []).filter(({ group }) => isWatched(group));
            const signs = Object.fromEntries(
              groups.map(({ group, bimodality }) => [`${group}/bimodality`, bimodality]),
            );
            cell.metrics(tick, train.steps, { loss, ...signs });
          },
          onAlert({ text, level, ...alert }) {
            if (i === 0) cell.note(text, level, alert);
          },
        }),
      );
    }
    const ratios = arm.name === "plain" ? ratiosTable(traces[0]!) : undefined;
    if (ratios !== undefined) cell.table(ratios);
    const losses = Object.fromEntries(traces.map(({ losses, outcome }) => [outcome.seed, losses]));
    await Deno.writeTextFile(join(cell.folder, "losses.json"), JSON.stringify(losses) + "\n");
    const spikes = traces.map(({ outcome }) => outcome.spikes.length);
    cell.summary(`spikes by seed: ${spikes.join(", ")}`);
    return { outcomes: traces.map(({ outcome }) => outcome) };
  });
}

/** The decoder's shape, with the size of the tokenizer's vocabulary. */
export function modelOf({ model }: InstabilityConfig, vocabSize: number): ModelConfig {
  return { ...model, vocabSize };
}

/** The cost of one arm, over all seeds. */
function armCost({ train, repeats }: InstabilityConfig, model: ModelConfig): CellCost {
  const { steps, batch, accumulate, activations } = train;
  const tokens = repeats * steps * batch * model.contextLength;
  const bytes = trainingBytes(model, batch * model.contextLength / accumulate, activations);
  return { tokens, flops: tokens * pretrainFlops(model), layers: repeats * trainedLayers(train, model), bytes };
}
