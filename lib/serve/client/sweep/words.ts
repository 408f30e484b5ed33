// What the page of a sweep says about its trials. Pure.
import { VALUE_DIGITS } from "../../../run/view/mod.ts";
import type { ShownSweep } from "../../schemas.ts";
import { fixed } from "../common/format.ts";

export type Trial = ShownSweep["trials"][number];

/** `5 of 12 done, 1 running`. */
export function statesText({ counts, trials }: ShownSweep): string {
  const others = Object.entries(counts).filter(([status, count]) => status !== "done" && count > 0);
  return [`${counts.done} of ${trials.length} done`, ...others.map(([status, count]) => `${count} ${status}`)].join(
    ", ",
  );
}

/** The best value and whose it is. */
export function bestText({ best, trials, metric }: ShownSweep): string {
  if (best.length === 0) return "–";
  const value = `${fixed(trials[0]!.value!, VALUE_DIGITS)} ${metric}`;
  if (best.length === 1) return `${value}, trial ${best[0]}`;
  if (allAlike({ best, trials })) return `${value}, all ${best.length} trials alike`;
  return `${value}, trials ${best.slice(0, -1).join(", ")} and ${best.at(-1)}`;
}

/** Whether several values are all equal at the digits shown: then none is marked as best. */
export function allAlike({ best, trials }: Pick<ShownSweep, "best" | "trials">): boolean {
  return best.length > 1 && best.length === trials.filter(({ value }) => value !== null).length;
}

/** A trial's name among others: its number and what was varied. */
export function trialLabel({ trial, settings, seed }: Trial, seeds: boolean): string {
  const parts = Object.entries(settings).map(([key, value]) => `${key.split(".").at(-1)}=${value}`);
  return `${trial}: ${[...parts, ...(seeds ? [`seed ${seed}`] : [])].join(" ")}`;
}
