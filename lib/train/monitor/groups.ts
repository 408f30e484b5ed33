// Parameter groups, for the monitor's statistics.

/** The groups, in the order of tables and figures. */
export const PARAMETER_GROUPS = [
  "embedding",
  "attention",
  "mlp",
  "norms",
  "head",
  "projections",
  "gates",
  "other",
] as const;

export type ParameterGroup = (typeof PARAMETER_GROUPS)[number];

/**
 * The group of a parameter by its name: `embedding`, `attention`, `mlp`, `norms` and `head` of a decoder (a tied head
 * counts as embedding), `projections` and `gates` of stitches, `other` for any other name.
 */
export function groupOf(name: string): ParameterGroup {
  if (name.includes("embed_tokens")) return "embedding";
  if (name.startsWith("lm_head")) return "head";
  if (/norm\b/.test(name)) return "norms";
  if (name.includes("self_attn.")) return "attention";
  if (name.includes("mlp.")) return "mlp";
  if (name.startsWith("stitch.")) return name.includes(".projection.") ? "projections" : "gates";
  return "other";
}
