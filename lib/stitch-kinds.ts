// The kinds of stitches as readers of gates know them. It imports nothing, so that reports need no tensors to show gates.

/**
 * Names, titles for headings, and whether the gates are the shares of all models in the hub's new state, the hub's first,
 * which sum to 1. Otherwise there is a gate in (0, 1) per expert: how much of the hub's state the expert takes in.
 */
export const STITCH_KIND_FACTS = {
  "E2H": { name: "E2H", title: "experts into hub", shares: true },
  "H2E": { name: "H2E", title: "hub into experts", shares: false },
  "E2H-LR": { name: "E2H-LR", title: "experts into hub, low-rank", shares: true },
} as const;

/** `E2H`, `H2E`, … */
export type StitchKindName = keyof typeof STITCH_KIND_FACTS;

/** What is known of a kind by its name, such as one in a log; undefined if there is no such kind. */
export function stitchKindFacts(name: string): (typeof STITCH_KIND_FACTS)[StitchKindName] | undefined {
  return Object.hasOwn(STITCH_KIND_FACTS, name) ? STITCH_KIND_FACTS[name as StitchKindName] : undefined;
}
