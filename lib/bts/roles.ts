// Which model is the hub, and which ones are stitched to it.
import { UserError } from "../errors.ts";
import type { BtsConfig } from "./config.ts";

/** The models of a stitched model by name: `seed`, or an expert's domain. */
export interface Roles<Model> {
  readonly hub: readonly [name: string, model: Model];
  /** In the order in which the stitches count them. */
  readonly spokes: readonly (readonly [name: string, model: Model])[];
}

/**
 * The seed is the hub and every expert is stitched to it; where an expert is the hub, the seed takes its place among the
 * others. A pair has no seed in the middle: where an expert has the output, the other model is the other expert.
 */
export function rolesOf<Model>(
  { hub, stitch }: Pick<BtsConfig, "hub" | "stitch">,
  seed: Model,
  experts: ReadonlyMap<string, Model>,
): Roles<Model> {
  if (hub === "seed") return { hub: ["seed", seed], spokes: [...experts] };
  const others = [...experts].filter(([name]) => name !== hub);
  const spokes = stitch.mode === "pair" ? others : [["seed", seed] as const, ...others];
  return { hub: [hub, experts.get(hub)!], spokes };
}

/**
 * @throws UserError `bts.hub` when the hub is no model of the run or has nothing stitched to it, `stitch.mode` for a pair
 * that is not of two models
 */
export function checkRoles(config: Pick<BtsConfig, "hub" | "stitch" | "experts">): void {
  const { hub, experts, stitch } = config;
  if (hub !== "seed" && !experts.includes(hub)) {
    throw new UserError(
      "bts.hub",
      `hub is "${hub}", but experts are ${experts.join(", ")}: choose one of them, or seed`,
    );
  }
  const { spokes } = rolesOf(config, 0, new Map(experts.map((name, i) => [name, i + 1])));
  if (spokes.length === 0) {
    throw new UserError("bts.hub", `There is nothing to merge with ${hub}`, "name another expert, or set hub to seed");
  }
  if (stitch.mode === "pair" && spokes.length !== 1) {
    throw new UserError(
      "stitch.mode",
      `stitch.mode pair is for two models, not for ${hub} and ${spokes.map(([name]) => name).join(", ")}`,
      "name two experts and make one of them the hub, or one expert beside the seed",
    );
  }
}
