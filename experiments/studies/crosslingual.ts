// Skills that no model has alone: mathematics asked in another language (BTS, arXiv 2502.00075: maths in Russian).
//
//     deno task run experiments/studies/crosslingual.ts --preset quick
//
// The math expert has seen problems in English only, the multilingual expert no problems. The stitches may see problems
// in five other languages (in-domain data) or not, and alternate or not.
import { DOMAINS } from "../../lib/data/mod.ts";
import type { BtsConfig } from "../../lib/bts/mod.ts";
import { type Study, studyMain, type Variant } from "../../lib/study/mod.ts";

const variant = (kinds: "alternating" | "all-e2h", inDomain: boolean): Variant => ({
  name: `${kinds === "all-e2h" ? "all E2H" : kinds}, ${inDomain ? "in-domain" : "without"}`,
  change: (config: BtsConfig) => {
    const { crosslingual: _, ...plain } = config.mix.stitch;
    const mean = Object.values(plain).reduce((a, b) => a + b, 0) / Object.keys(plain).length;
    const stitch = inDomain ? { ...plain, crosslingual: mean } : plain;
    return { ...config, mix: { ...config.mix, stitch }, stitch: { ...config.stitch, kinds } };
  },
});

export const crosslingualStudy: Study = {
  name: "crosslingual",
  title: "Mathematics in another language",
  question: "Can the stitched model do mathematics in languages in which none of its parts was taught any?",
  settings: { data: { domains: [...DOMAINS, "crosslingual"], mathEnglish: 1 } },
  variants: () => [
    variant("alternating", true),
    variant("alternating", false),
    variant("all-e2h", true),
    variant("all-e2h", false),
  ],
  directions: () => [
    {
      claim: "Cross capability needs in-domain data for the stitches",
      better: "alternating, in-domain",
      worse: "alternating, without",
      on: "crosslingual",
      paper: "yes: 16.0 with, 10.0 without",
    },
    {
      claim: "Alternating stitches are better at it than all experts-into-hub",
      better: "alternating, in-domain",
      worse: "all E2H, in-domain",
      on: "crosslingual",
      paper: "yes: 16.0 against 11.6",
    },
    {
      claim: "Even without in-domain data the stitched model is better at it than the seed",
      better: "alternating, without",
      worse: "seed",
      on: "crosslingual",
      paper: null,
    },
  ],
};

if (import.meta.main) await studyMain(crosslingualStudy);
