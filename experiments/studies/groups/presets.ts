// The presets of studies whose experts are trained on groups of one text.
import { studyPresets } from "../../../lib/study/mod.ts";
import { MANY_EXPERTS } from "../experts.ts";

/** Groups have no validation text, and no questions. */
const SETTINGS = { ...MANY_EXPERTS, train: { validationBatches: 0 }, eval: { tasks: [] } };

/** With many experts, each is small and trained for a short time. */
const SMALL = {
  ...SETTINGS,
  data: { ...SETTINGS.data, trainBytes: 500_000 },
  tokenizer: { vocabSize: 1024 },
  model: { width: 64, layers: 4, heads: 4, kvHeads: 4, inner: 176 },
  train: {
    ...SETTINGS.train,
    seed: { steps: 300, warmup: 30 },
    expert: { steps: 40, warmup: 4, lr: 1e-3 },
    stitch: { steps: 150, warmup: 10, lr: 1e-2 },
  },
  eval: { ...SETTINGS.eval, tokens: 2_048, batch: 8 },
};

const quick = {
  ...studyPresets(SMALL)["quick"]!,
  description: "small models, so that three seeds of 32 experts take less than an hour on 2 cores; the default",
};

/** The presets of all studies; `quick` has smaller models. */
export const groupPresets: ReturnType<typeof studyPresets> = { ...studyPresets(SETTINGS), quick };

/** Of eight experts, each is trained for longer. */
const LONGER = { ...quick.config, train: { ...SMALL.train, expert: { steps: 100, warmup: 10, lr: 1e-3 } } };

/** The presets of studies with an expert for each part of the built-in text; `quick` shares the small seed. */
export const partPresets: ReturnType<typeof studyPresets> = {
  ...studyPresets(MANY_EXPERTS),
  quick: { ...quick, config: LONGER },
};
