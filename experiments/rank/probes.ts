// The cells of the probes: short continued pretraining of the seed on each candidate, and losses on held-out text.
import {
  decoderCell,
  expertPhase,
  type Lab,
  type Text,
  type Trained,
  trainedTokens,
  weightsOf,
} from "../../lib/bts/mod.ts";
import type { CellResult } from "../../lib/run/mod.ts";
import type { TrainConfig } from "../../lib/train/mod.ts";
import type { ProbeSettings } from "./config.ts";
import { lossesCell, type Scored } from "./losses-cell.ts";

/** The share of an expert's steps that a probe has by default. */
const SHARE = 0.2;
/** Steps of a probe below which its gains say little of an expert's (docs/domains.md has the measurements). */
export const FEWEST_STEPS = 16;

/** The probes of all candidates, scored. */
export interface Probed {
  readonly seed: CellResult<Scored>;
  /** By candidate; its repeats are the methods `probe:<candidate>/1` and so on. */
  readonly probes: ReadonlyMap<string, CellResult<Scored>>;
}

/** Name of a repeat of a probe, from 1. */
export const probeName = (candidate: string, repeat: number) => `probe:${candidate}/${repeat}`;

/** The numbers of the repeats. */
export const repeatsOf = ({ repeats }: ProbeSettings) => Array.from({ length: repeats }, (_, i) => i + 1);

/** The settings of training a probe: those of an expert with fewer steps and a warm-up and a decay that fit into them. */
export function probeTraining({ train: { expert } }: Lab["config"], { steps }: ProbeSettings): TrainConfig {
  const own = steps ?? Math.min(expert.steps, Math.max(FEWEST_STEPS, Math.ceil(SHARE * expert.steps)));
  const warmup = Math.min(expert.warmup, Math.round(expert.warmup * own / expert.steps));
  return { ...expert, steps: own, warmup, validateEvery: own };
}

/** What a person should know of probes that are too short; undefined if they are not. */
export function shortProbesText(config: Lab["config"], settings: ProbeSettings): string | undefined {
  const { steps } = probeTraining(config, settings);
  if (steps >= Math.min(FEWEST_STEPS, config.train.expert.steps)) return undefined;
  return `Probes of ${steps} step${
    steps === 1 ? "" : "s"
  } predict badly what an expert gains: give --steps ${FEWEST_STEPS} ` +
    "or more (docs/domains.md)";
}

/** Training tokens of one probe, and of one expert. */
export function tokensOf(config: Lab["config"], settings: ProbeSettings): { probe: number; expert: number } {
  return {
    probe: trainedTokens(probeTraining(config, settings), config.model),
    expert: trainedTokens(config.train.expert, config.model),
  };
}

/** Trains and scores the probes of all candidates, which are the setting `experts`. The seed is scored first. */
export async function probeAll(
  lab: Lab,
  text: Text,
  seed: CellResult<Trained>,
  settings: ProbeSettings,
): Promise<Probed> {
  const seedLosses = await lossesCell(lab, text, {
    name: "losses:seed",
    title: "Score the seed",
    models: new Map([["seed", seed]]),
  });
  const probes = new Map<string, CellResult<Scored>>();
  for (const candidate of lab.config.experts) {
    const models = new Map<string, CellResult<Trained>>();
    for (const repeat of repeatsOf(settings)) {
      models.set(probeName(candidate, repeat), await trainProbe(lab, text, seed, settings, { candidate, repeat }));
    }
    probes.set(
      candidate,
      await lossesCell(lab, text, { name: `losses:${candidate}`, title: `Score the probes of ${candidate}`, models }),
    );
  }
  return { seed: seedLosses, probes };
}

function trainProbe(
  lab: Lab,
  text: Text,
  seed: CellResult<Trained>,
  settings: ProbeSettings,
  { candidate, repeat }: { readonly candidate: string; readonly repeat: number },
): Promise<CellResult<Trained>> {
  return decoderCell(lab, text, {
    ...expertPhase(lab.config, candidate),
    name: probeName(candidate, repeat),
    train: probeTraining(lab.config, settings),
    title: `Probe ${candidate}, ${repeat} of ${settings.repeats}`,
    description: `A copy of the seed, trained on ${candidate} for a few steps, on batches of its own.`,
    inputs: { start: seed.key },
    start: () => weightsOf(seed),
  });
}
