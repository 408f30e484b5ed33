// Alternating stitches, or all of them experts-into-hub? (BTS, arXiv 2502.00075.)
//
//     deno task run experiments/studies/stitch-kinds.ts --preset quick
import { placeStitches } from "../../lib/stitch/mod.ts";
import type { BtsConfig } from "../../lib/bts/mod.ts";
import { type Study, studyMain, type Variant } from "../../lib/study/mod.ts";

const variant = (name: string, stitch: Partial<BtsConfig["stitch"]>): Variant => ({
  name,
  change: (config) => ({ ...config, stitch: { ...config.stitch, ...stitch } }),
});

const VARIANTS: readonly Variant[] = [
  variant("alternating", { kinds: "alternating", expertAfterE2H: "projected" }),
  variant("all E2H", { kinds: "all-e2h", expertAfterE2H: "projected" }),
  variant("alternating, pass-through", { kinds: "alternating", expertAfterE2H: "pass-through" }),
  variant("all E2H, pass-through", { kinds: "all-e2h", expertAfterE2H: "pass-through" }),
];

/** What decides how stitches compute: what the experts go on with after an E2H is read only where a stitch follows it. */
function arithmeticOf({ stitch, model }: BtsConfig): string {
  const places = placeStitches(stitch, model.layers);
  const isRead = places.slice(0, -1).some(({ kind }) => kind === "E2H");
  return JSON.stringify([places, isRead ? stitch.expertAfterE2H : "never read"]);
}

/** Those that compute something of their own: with K = 2, alternating stitches have no E2H before the last. */
function variantsOf(config: BtsConfig): readonly Variant[] {
  const made = VARIANTS.map(({ change }) => arithmeticOf(change(config)));
  return VARIANTS.filter((_, i) => made.indexOf(made[i]!) === i);
}

export const stitchKindsStudy: Study = {
  name: "stitch-kinds",
  title: "Kinds of stitches",
  question: "Should the hub talk back to the experts, and should what an expert says replace what it knows?",
  variants: variantsOf,
  directions: (config) => {
    const names = variantsOf(config).map(({ name }) => name);
    const passing = ["alternating", "all E2H"].find((kinds) => names.includes(`${kinds}, pass-through`));
    return [
      ...(names.includes("all E2H")
        ? [{
          claim: "All experts-into-hub is better than alternating on the trained domains",
          better: "all E2H",
          worse: "alternating",
          on: "mean",
          paper: "yes: 28.4 against 28.1",
        }]
        : []),
      ...(passing === undefined ? [] : [{
        claim: `Experts that go on with their own state after an E2H are better (${passing})`,
        better: `${passing}, pass-through`,
        worse: passing,
        on: "mean",
        paper: null,
      }]),
    ];
  },
};

if (import.meta.main) await studyMain(stitchKindsStudy);
