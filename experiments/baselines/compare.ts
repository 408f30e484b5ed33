// Building the methods that stitching is compared with, and what is to be measured of them.
import { baselineNamed } from "../../lib/baselines/mod.ts";
import type { MeasureSpec, Text, Trained } from "../../lib/bts/mod.ts";
import type { CellResult } from "../../lib/run/mod.ts";
import { branchName, joinBranches, trainBranch } from "./branch.ts";
import type { BaselinesConfig } from "./config.ts";
import { ensemblesSpec, type OfLosses } from "./ensembles.ts";
import { fitMethod, type FittedCell } from "./fit.ts";
import { methodSpec } from "./measure.ts";
import { mergesSpec } from "./merges.ts";
import type { BaselinesLab, Branches } from "./method.ts";
import { trainDense, trainMethod } from "./train.ts";

/** The methods of the setting `baselines`: those that were trained, those that were fitted, and how to measure all. */
export interface Compared {
  readonly trained: ReadonlyMap<string, CellResult<Trained>>;
  readonly fitted: ReadonlyMap<string, CellResult<FittedCell>>;
  readonly specs: readonly MeasureSpec[];
}

/**
 * Builds every method of the setting `baselines`: computed from a few documents, trained on the same text as the stitches
 * or, for the dense model, on all of it, or trained again for each expert's domain. Merges and ensembles need no building.
 */
export async function buildCompared(lab: BaselinesLab, text: Text, branches: Branches): Promise<Compared> {
  const { methods, merges, secondEnsemble } = lab.config.baselines;
  const trained = new Map<string, CellResult<Trained>>();
  const fitted = new Map<string, CellResult<FittedCell>>();
  const specs = merges.length === 0 ? [] : [mergesSpec(lab, text, branches)];
  const ofLosses: OfLosses[] = [];
  for (const method of methods.map(baselineNamed)) {
    if (method.making === "fitting") {
      const built = await fitMethod(lab, text, branches, method);
      fitted.set(method.name, built);
      specs.push(methodSpec(lab, text, branches, method, built));
      continue;
    }
    if (method.making === "branching") {
      const parts = [];
      for (const domain of lab.config.experts) {
        const part = await trainBranch(lab, text, branches.seed, method, domain);
        trained.set(branchName(method, domain), part);
        parts.push(part);
      }
      const built = await joinBranches(lab, branches.seed, method, parts);
      fitted.set(method.name, built);
      specs.push(methodSpec(lab, text, branches, method, built));
      continue;
    }
    const built = method.making === "pretraining"
      ? await trainDense(lab, text, branches)
      : await trainMethod(lab, text, branches, method);
    trained.set(method.name, built);
    if (method.making === "training" && method.ofLosses) ofLosses.push({ method, built });
    else specs.push(methodSpec(lab, text, branches, method, built));
  }
  if (secondEnsemble || ofLosses.length > 0) specs.push(ensemblesSpec(lab, text, branches, ofLosses));
  return { trained, fitted, specs };
}

/** All methods in the order of the table: untrained, then trained, and BTS last. */
export function methodsOf({ experts, baselines }: Pick<BaselinesConfig, "experts" | "baselines">): string[] {
  const { methods, merges, secondEnsemble } = baselines;
  const single = ["seed", ...experts.map((domain) => `expert:${domain}`)];
  return [...single, "soup", ...merges, "btm", ...secondEnsemble ? ["btm-dev"] : [], ...methods, "bts"];
}
