// Alternating stitches, or only experts-into-hub stitches? (BTS, arXiv 2502.00075.)
//
//     deno task run experiments/studies/stitch-kinds.ts --preset quick
import { placeStitches, stitchKind, type StitchKindName } from "../../lib/stitch/mod.ts";
import type { BtsConfig } from "../../lib/bts/mod.ts";
import { direction, type Study, studyMain, type Variant } from "../../lib/study/mod.ts";

const variant = (name: string, stitch: Partial<BtsConfig["stitch"]>): Variant => ({
  name,
  change: (config) => ({ ...config, stitch: { ...config.stitch, ...stitch } }),
});

const E2H: StitchKindName = "E2H";
const ALL = `all ${E2H}`;

const VARIANTS: readonly Variant[] = [
  variant("alternating", { kinds: "alternating", expertAfterE2H: "projected" }),
  variant(ALL, { kinds: "all-e2h", expertAfterE2H: "projected" }),
  variant("alternating, pass-through", { kinds: "alternating", expertAfterE2H: "pass-through" }),
  variant(`${ALL}, pass-through`, { kinds: "all-e2h", expertAfterE2H: "pass-through" }),
];

/** Identifies what the stitches compute: the experts' state after a stitch into the hub matters only if another follows. */
function arithmeticOf({ stitch, model }: BtsConfig): string {
  const places = placeStitches(stitch, model.layers);
  const isRead = places.slice(0, -1).some(({ kind }) => stitchKind(kind).receivers(stitch).includes("hub"));
  return JSON.stringify([places, isRead ? stitch.expertAfterE2H : "not read"]);
}

/** The variants that differ in what they compute: with K = 2, alternating stitches update the hub only at the end. */
function variantsOf(config: BtsConfig): readonly Variant[] {
  const made = VARIANTS.map(({ change }) => arithmeticOf(change(config)));
  return VARIANTS.filter((_, i) => made.indexOf(made[i]!) === i);
}

export const stitchKindsStudy: Study = {
  name: "stitch-kinds",
  title: "Kinds of stitches",
  question: "Should the hub update the experts, and should an expert continue with its projected state?",
  variants: variantsOf,
  directions: (config) => {
    const names = variantsOf(config).map(({ name }) => name);
    const passing = ["alternating", ALL].find((kinds) => names.includes(`${kinds}, pass-through`));
    return [
      ...(names.includes(ALL)
        ? [
          direction(
            "Only experts-into-hub stitches are better than alternating ones on the trained domains",
            ALL,
            "alternating",
            { finding: "yes", scores: "28.4 against 28.1" },
          ),
        ]
        : []),
      ...(passing === undefined ? [] : [
        direction(
          `Experts should continue with their own state after an ${E2H} (${passing})`,
          `${passing}, pass-through`,
          passing,
        ),
      ]),
    ];
  },
};

if (import.meta.main) await studyMain(stitchKindsStudy);
