// The presets of studies whose experts are trained on groups of one text.
import type { BtsConfig } from "../../../lib/bts/mod.ts";
import { studyPresets } from "../../../lib/study/mod.ts";
import { PARTS } from "../experts.ts";

const equal: BtsConfig["mix"]["seed"] = Object.fromEntries(PARTS.map((part) => [part, 1]));

const SETTINGS = {
  data: { domains: PARTS, trainBytes: 500_000 },
  mix: { seed: equal, stitch: equal },
  experts: PARTS,
  train: { validationBatches: 0 },
  eval: { tokens: 2_048, tasks: [] },
};

/** Many experts, so each is small and trained for a short time. */
const SMALL = {
  ...SETTINGS,
  tokenizer: { vocabSize: 1024 },
  model: { width: 64, layers: 4, heads: 4, kvHeads: 4, inner: 176 },
  train: {
    ...SETTINGS.train,
    seed: { steps: 300, warmup: 30 },
    expert: { steps: 40, warmup: 4, lr: 1e-3 },
    stitch: { steps: 40, warmup: 4 },
  },
  eval: { ...SETTINGS.eval, batch: 8 },
};

/** The presets of all studies; `quick` has smaller models. */
export const groupPresets = {
  ...studyPresets(SETTINGS),
  quick: {
    ...studyPresets(SMALL)["quick"]!,
    description: "small models, so that three seeds of 32 experts take less than an hour on 2 cores; the default",
  },
};
