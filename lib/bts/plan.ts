// What a run will do and cost, before it does it.
import { pretrainFlops, stitchedForwardFlops, stitchingBytes, stitchTrainFlops, trainingBytes } from "../train/mod.ts";
import { forwardFlops, type ModelConfig } from "../model/mod.ts";
import type { PlannedCell } from "../experiment/mod.ts";
import type { BtsConfig } from "./config.ts";

/** The cells of a run in order, with what each costs. */
export function planCells(config: BtsConfig): PlannedCell[] {
  const model: ModelConfig = { ...config.model, vocabSize: config.tokenizer.vocabSize };
  const experts = config.experts.length;
  const { seed, expert, stitch } = config.train;
  const time = model.contextLength;
  const tokensOf = ({ steps, batch }: { steps: number; batch: number }) => steps * batch * time;
  const perPass = ({ batch, accumulate }: { batch: number; accumulate: number }) => batch * time / accumulate;
  const scored = config.data.domains.length * config.eval.tokens + 4 * config.eval.items * time; // bits per byte, and about the tasks
  // Seed, experts and soup; the ensemble's losses follow from its members', which run again to generate only.
  const single = forwardFlops(model) * ((2 + experts) * scored + (1 + experts) * config.eval.items * time);
  const decoder = (cell: string, title: string, train: typeof seed): PlannedCell => ({
    cell,
    title,
    tokens: tokensOf(train),
    flops: tokensOf(train) * pretrainFlops(model),
    bytes: trainingBytes(model, perPass(train), train.activations),
  });
  const stitchedBytes = stitchingBytes(model, config.stitch, experts, perPass(stitch), stitch.activations);
  return [
    { cell: "data", title: "Text and tokenizer", tokens: 0, flops: 0, bytes: 0 },
    decoder("seed", "Train the seed", seed),
    ...config.experts.map((domain) => decoder(`expert:${domain}`, `Train the ${domain} expert`, expert)),
    {
      cell: "stitch",
      title: "Train the stitches",
      tokens: tokensOf(stitch),
      flops: tokensOf(stitch) * stitchTrainFlops(model, config.stitch, experts),
      bytes: stitchedBytes,
    },
    { cell: "evaluate", title: "Measure seed, experts, soup and ensemble", tokens: 0, flops: single, bytes: 0 },
    {
      cell: "evaluate:bts",
      title: "Measure the stitched model",
      tokens: 0,
      flops: scored * stitchedForwardFlops(model, config.stitch, experts),
      bytes: 0,
    },
    { cell: "report", title: "Report", tokens: 0, flops: 0, bytes: 0 },
  ];
}
