// The roles of the models in a stitched model: the hub, and the models stitched to it.
import { UserError } from "../errors.ts";
import type { BtsConfig } from "./config.ts";

/** The models of a stitched model by name: `seed`, or an expert's domain. */
export interface Roles<Model> {
  readonly hub: readonly [name: string, model: Model];
  /** In the order of the stitches' parameters. */
  readonly spokes: readonly (readonly [name: string, model: Model])[];
}

/**
 * The seed is the hub, and the experts are stitched to it; or an expert is the hub, and the seed and the other experts
 * are stitched to it. In a pair whose output is an expert's, the seed has no part.
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
 * @throws UserError `bts.hub` when the hub is not a model of the run or nothing is stitched to it, `stitch.mode` for a
 * pair of more than two models
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
    throw new UserError("bts.hub", `There is no model to merge with ${hub}`, "add an expert, or set hub to seed");
  }
  if (stitch.mode === "pair" && spokes.length !== 1) {
    throw new UserError(
      "stitch.mode",
      `stitch.mode pair takes two models, not ${hub} and ${spokes.map(([name]) => name).join(", ")}`,
      "name two experts and make one of them the hub, or name one expert and keep the seed as the hub",
    );
  }
}
