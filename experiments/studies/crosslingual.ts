// A skill that no single model has: mathematics in another language (BTS, arXiv 2502.00075: math in Russian).
//
//     deno task run experiments/studies/crosslingual.ts --preset quick
//
// The math expert sees problems in English only, the multilingual expert sees none. The variants train the stitches with
// or without problems in five other languages (in-domain data), and with alternating or only experts-into-hub stitches.
import { DOMAINS } from "../../lib/data/mod.ts";
import { type BtsConfig, DEFAULT_MIX } from "../../lib/bts/mod.ts";
import type { StitchKindName } from "../../lib/stitch/mod.ts";
import { direction, type Study, studyMain, type Variant } from "../../lib/study/mod.ts";

const E2H: StitchKindName = "E2H";
const ALL = `all ${E2H}`;

const variant = (kinds: "alternating" | "all-e2h", inDomain: boolean): Variant => ({
  name: `${kinds === "all-e2h" ? ALL : kinds}, ${inDomain ? "in-domain" : "without"}`,
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
  question: "Can the stitched model do mathematics in languages in which none of its models has seen any?",
  settings: {
    data: { domains: [...DOMAINS, "crosslingual"], mathEnglish: 1 },
    experts: ["code", "math", "multilingual"],
    mix: DEFAULT_MIX,
  },
  variants: () => [
    variant("alternating", true),
    variant("alternating", false),
    variant("all-e2h", true),
    variant("all-e2h", false),
  ],
  directions: () => [
    direction(
      "The combined skill needs in-domain data for the stitches",
      "alternating, in-domain",
      "alternating, without",
      { finding: "yes", scores: "16.0 with, 10.0 without" },
      "crosslingual",
    ),
    direction(
      "Alternating stitches are better at it than only experts-into-hub stitches",
      "alternating, in-domain",
      `${ALL}, in-domain`,
      { finding: "yes", scores: "16.0 against 11.6" },
      "crosslingual",
    ),
    direction(
      "Even without in-domain data, the stitched model is better at it than the seed",
      "alternating, without",
      "seed",
      null,
      "crosslingual",
    ),
  ],
};

if (import.meta.main) await studyMain(crosslingualStudy);
