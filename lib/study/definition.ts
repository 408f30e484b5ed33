// Studies: a question, the variants that answer it, and the findings of the paper.
import { type BtsConfig, btsConfigSchema, btsDefinition } from "../bts/mod.ts";
import type { ExperimentDefinition } from "../run/mod.ts";
import type { Direction } from "./directions.ts";
import { studyPresets } from "./presets.ts";

/** One way of stitching. */
export interface Variant {
  /** Name of the method in the run's results, such as `K=4`. */
  readonly name: string;
  /** Returns the settings of the variant. */
  readonly change: (config: BtsConfig) => BtsConfig;
}

/** A question, answered by stitching the same models in several ways. */
export interface Study {
  /** Name of its file in `experiments/studies/`. */
  readonly name: string;
  readonly title: string;
  /** In one sentence. */
  readonly question: string;
  /** Settings that differ from Branch-Train-Stitch's presets, for all variants. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** The others are compared with the first. */
  readonly variants: (config: BtsConfig) => readonly Variant[];
  /** Claims of the paper, and expectations. */
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
