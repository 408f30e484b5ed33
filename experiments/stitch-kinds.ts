// Alternating stitches, or all of them experts-into-hub? (BTS, arXiv 2502.00075.)
//
//     deno task run experiments/stitch-kinds.ts --preset quick
import { type Study, studyMain, type Variant } from "./studies/study.ts";
import type { BtsConfig } from "./bts/config.ts";

const variant = (name: string, stitch: Partial<BtsConfig["stitch"]>): Variant => ({
  name,
  change: (config) => ({ ...config, stitch: { ...config.stitch, ...stitch } }),
});

export const stitchKindsStudy: Study = {
  name: "stitch-kinds",
  title: "Kinds of stitches",
  question: "Should the hub talk back to the experts, and should what an expert says replace what it knows?",
  variants: () => [
    variant("alternating", { kinds: "alternating" }),
    variant("all E2H", { kinds: "all-e2h" }),
    variant("alternating, pass-through", { kinds: "alternating", expertAfterE2H: "pass-through" }),
    variant("all E2H, pass-through", { kinds: "all-e2h", expertAfterE2H: "pass-through" }),
  ],
  directions: () => [
    {
      claim: "All experts-into-hub is better than alternating on the trained domains",
      better: "all E2H",
      worse: "alternating",
      on: "mean",
      paper: "yes: 28.4 against 28.1",
    },
    {
      claim: "Experts that go on with their own state after an E2H are better",
      better: "alternating, pass-through",
      worse: "alternating",
      on: "mean",
      paper: null,
    },
  ],
};

if (import.meta.main) await studyMain(stitchKindsStudy);
