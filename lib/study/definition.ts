// What a study is: a question, the variants that answer it, and what the paper says.
import { type BtsConfig, btsConfigSchema, btsDefinition } from "../bts/mod.ts";
import type { ExperimentDefinition } from "../run/mod.ts";
import type { Direction } from "./directions.ts";
import { studyPresets } from "./presets.ts";

/** One way of stitching. */
export interface Variant {
  /** Its name among the methods of the run, such as `K=4`. */
  readonly name: string;
  /** The settings of the main job that make it. */
  readonly change: (config: BtsConfig) => BtsConfig;
}

/** A question that is answered by stitching the same models in several ways. */
export interface Study {
  /** The name of its file in `experiments/studies/`. */
  readonly name: string;
  readonly title: string;
  /** What it asks, in a sentence. */
  readonly question: string;
  /** What it changes in every preset, before any variant. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** The first one is what the others are compared with. */
  readonly variants: (config: BtsConfig) => readonly Variant[];
  /** What the paper found, or what one would expect, to be compared with. */
  readonly directions: (config: BtsConfig) => readonly Direction[];
}

/** The study's name, settings and presets, for the command line. */
export function studyDefinition(
  study: Pick<Study, "name" | "title" | "question" | "settings">,
): ExperimentDefinition<typeof btsConfigSchema> {
  return {
    name: study.name,
    title: study.title,
    description: study.question,
    schema: btsConfigSchema,
    mayChange: btsDefinition.mayChange!,
    defaultPreset: "quick",
    presets: studyPresets(study.settings ?? {}),
  };
}

/** The script of a study, relative to the repository. */
export function studyScript({ name }: Pick<Study, "name">): string {
  return `experiments/studies/${name}.ts`;
}
