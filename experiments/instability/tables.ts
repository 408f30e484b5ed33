// The tables of the instability experiment.
import { median } from "../../lib/train/mod.ts";
import type { Column, Table } from "../../lib/run/mod.ts";
import type { Arm } from "./arms.ts";
import type { Outcome } from "./outcome.ts";

const text = (key: string, title: string): Column => ({ key, title, kind: "text" });
const number = (key: string, title: string, digits: number, better?: "lower" | "higher"): Column => ({
  key,
  title,
  kind: "number",
  digits,
  ...(better === undefined ? {} : { better }),
});

/** What an arm came to, over its seeds. */
export interface ArmOutcomes {
  readonly arm: Arm;
  readonly outcomes: readonly Outcome[];
}

const peakOf = ({ spikes }: Outcome) => spikes.reduce((most, { peak }) => Math.max(most, peak), 0);
const lostOf = ({ spikes }: Outcome) => spikes.reduce((sum, { lasting }) => sum + lasting, 0);
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** Spikes of a seed, on the average, whose loss passes `diverged`. */
function divergences({ outcomes }: ArmOutcomes, diverged: number): number {
  return mean(outcomes.map(({ spikes }) => spikes.filter(({ peak }) => peak > diverged).length));
}

/** One row an arm: how often it diverged, how badly, and what was done. */
export function outcomesTable(all: readonly ArmOutcomes[], diverged: number): Table {
  return {
    name: "outcomes",
    title: "What becomes of training, over all seeds",
    columns: [
      text("arm", "arm"),
      text("what", "what it does"),
      number("divergences", "divergences a seed", 1, "lower"),
      number("spikes", "spikes a seed", 1),
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

/** One row an arm and seed. */
export function seedsTable(all: readonly ArmOutcomes[]): Table {
  return {
    name: "outcomes-by-seed",
    title: "The same, seed by seed",
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

/** One row a spike where nothing was done: whether the update ratio announced it, and how early. */
export function warningsTable(all: readonly ArmOutcomes[]): Table {
  return {
    name: "warnings",
    title: "Spikes where nothing was done, and the bimodal update ratios before them",
    columns: [
      text("arm", "arm"),
      number("seed", "seed", 0),
      text("spike", "spike at step"),
      number("before", "loss before", 5),
      number("peak", "peak", 3),
      text("lead", "warned"),
      number("calm", "largest coefficient away from spikes", 2),
      number("false", "warnings without a spike", 0),
    ],
    rows: all.filter(({ arm }) => arm.what.startsWith("nothing")).flatMap(({ arm, outcomes }) =>
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

/** In a sentence: which actions prevented what the plain arm shows. */
export function verdict(all: readonly ArmOutcomes[], diverged: number): string {
  const count = (one: ArmOutcomes) => divergences(one, diverged);
  const plain = all.find(({ arm }) => arm.name === "plain");
  if (plain === undefined) return "Without the plain arm there is nothing to compare with.";
  if (count(plain) === 0) return "Nothing diverged in the plain arm, so nothing could be prevented.";
  const others = all.filter((one) => one !== plain);
  const named = (hold: (divergences: number) => boolean) =>
    others.filter((one) => hold(count(one))).map((one) => `${one.arm.name} (${count(one).toFixed(1)})`).join(", ");
  const sentences: [string, string][] = [
    ["Without any", named((n) => n === 0)],
    ["With fewer", named((n) => n > 0 && n < count(plain))],
    ["With as many or more", named((n) => n >= count(plain))],
  ];
  const told = sentences.filter(([, arms]) => arms !== "").map(([what, arms]) => `${what}: ${arms}.`);
  return [`The plain arm diverges ${count(plain).toFixed(1)} times a seed.`, ...told].join(" ");
}

function actionsText({ actions }: Outcome): string {
  return Object.entries(actions).map(([action, count]) => `${count} × ${action}`).join(", ");
}

function leadText(lead: number | null): string {
  if (lead === null) return "no";
  return lead === 0 ? "at the same step" : `${lead} ${lead === 1 ? "step" : "steps"} before`;
}

const finite = (value: number) => Number.isFinite(value) ? value : null;
