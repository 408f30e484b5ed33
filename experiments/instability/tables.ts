// The tables of the instability experiment.
import { numberColumn as number, type Table, textColumn as text } from "../../lib/run/mod.ts";
import { median } from "../../lib/train/mod.ts";
import type { Arm } from "./arms.ts";
import type { Outcome } from "./outcome.ts";

/** An arm with the outcome of each seed. */
export interface ArmOutcomes {
  readonly arm: Arm;
  readonly outcomes: readonly Outcome[];
}

const peakOf = ({ spikes }: Outcome) => spikes.reduce((most, { peak }) => Math.max(most, peak), 0);
const lostOf = ({ spikes }: Outcome) => spikes.reduce((sum, { lasting }) => sum + lasting, 0);
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** Average number of spikes per seed with a loss above `diverged`. */
function divergences({ outcomes }: ArmOutcomes, diverged: number): number {
  return mean(outcomes.map(({ spikes }) => spikes.filter(({ peak }) => peak > diverged).length));
}

/** One row per arm: its divergences and losses. */
export function outcomesTable(all: readonly ArmOutcomes[], diverged: number): Table {
  return {
    name: "outcomes",
    title: "Outcomes of training, over all seeds",
    columns: [
      text("arm", "arm"),
      text("what", "action"),
      number("divergences", "divergences per seed", 1, "lower"),
      number("spikes", "spikes per seed", 1),
      number("peak", "highest loss in a spike", 3, "lower"),
      number("lost", "steps in spikes", 1, "lower"),
      number("final", "loss at the end", 5, "lower"),
    ],
    rows: all.map(({ arm, outcomes }) => ({
      arm: arm.name,
      what: arm.what,
      divergences: divergences({ arm, outcomes }, diverged),
      spikes: mean(outcomes.map(({ spikes }) => spikes.length)),
      peak: Math.max(...outcomes.map(peakOf)) || null,
      lost: mean(outcomes.map(lostOf)),
      final: finite(median(outcomes.map(({ final }) => final))),
    })),
  };
}

/** One row per arm and seed. */
export function seedsTable(all: readonly ArmOutcomes[]): Table {
  return {
    name: "outcomes-by-seed",
    title: "Outcomes of training, by seed",
    columns: [
      text("arm", "arm"),
      number("seed", "seed", 0),
      text("spikes", "spikes at step"),
      number("peak", "highest loss in a spike", 3),
      number("final", "loss at the end", 5),
      text("actions", "actions"),
      text("end", "end"),
    ],
    rows: all.flatMap(({ arm, outcomes }) =>
      outcomes.map((outcome) => ({
        arm: arm.name,
        seed: outcome.seed,
        spikes: outcome.spikes.map(({ tick }) => tick).join(", ") || "none",
        peak: peakOf(outcome) || null,
        final: finite(outcome.final),
        actions: actionsText(outcome),
        end: outcome.error ?? `after ${outcome.ticks} steps`,
      }))
    ),
  };
}

/** One row per spike of the arms without actions: whether the update ratio gave a warning, and how early. */
export function warningsTable(all: readonly ArmOutcomes[]): Table {
  return {
    name: "warnings",
    title: "Spikes without any action, and the warnings before them",
    columns: [
      text("arm", "arm"),
      number("seed", "seed", 0),
      text("spike", "spike at step"),
      number("before", "loss before", 5),
      number("peak", "peak", 3),
      text("lead", "warning"),
      number("calm", "largest coefficient away from spikes", 2),
      number("false", "warnings without a spike", 0),
    ],
    rows: all.filter(({ arm }) => arm.passive).flatMap(({ arm, outcomes }) =>
      outcomes.flatMap(({ seed, spikes, calm, falseWarnings }): Table["rows"] => {
        const common = { arm: arm.name, seed, calm, false: falseWarnings };
        if (spikes.length === 0) return [{ ...common, spike: "none", before: null, peak: null, lead: "" }];
        return spikes.map(({ tick, before, peak, lead }) => ({
          ...common,
          spike: String(tick),
          before,
          peak,
          lead: leadText(lead),
        }));
      })
    ),
  };
}

/** A summary: which actions prevent the divergences of the plain arm. */
export function verdict(all: readonly ArmOutcomes[], diverged: number): string {
  const count = (one: ArmOutcomes) => divergences(one, diverged);
  const plain = all.find(({ arm }) => arm.name === "plain");
  if (plain === undefined) return "There is no plain arm to compare with.";
  if (count(plain) === 0) return "The plain arm does not diverge, so there is nothing to prevent.";
  const others = all.filter((one) => one !== plain);
  const named = (hold: (divergences: number) => boolean) =>
    others.filter((one) => hold(count(one))).map((one) => `${one.arm.name} (${count(one).toFixed(1)})`).join(", ");
  const sentences: [string, string][] = [
    ["No divergences", named((n) => n === 0)],
    ["Fewer", named((n) => n > 0 && n < count(plain))],
    ["As many or more", named((n) => n >= count(plain))],
  ];
  const told = sentences.filter(([, arms]) => arms !== "").map(([what, arms]) => `${what}: ${arms}.`);
  return [`The plain arm diverges ${count(plain).toFixed(1)} times per seed.`, ...told].join(" ");
}

function actionsText({ actions }: Outcome): string {
  return Object.entries(actions).map(([action, count]) => `${count} × ${action}`).join(", ");
}

function leadText(lead: number | null): string {
  if (lead === null) return "no";
  return lead === 0 ? "at the same step" : `${lead} ${lead === 1 ? "step" : "steps"} before`;
}

const finite = (value: number) => Number.isFinite(value) ? value : null;
