// Experiments with Branch-Train-Stitch's settings and text: loading the text, and its placeholder in a plan.
import type { z } from "zod";
import { checkData, closeCorpus, type DataConfig, loadCorpus, type LoadedCorpus } from "../data/mod.ts";
import type { Experiment } from "../experiment/mod.ts";
import type { CellResult, RunResults } from "../run/mod.ts";
import type { BtsConfig } from "./config.ts";
import type { Lab } from "./lab.ts";

/** The lab of an experiment that adds its own settings to those of Branch-Train-Stitch. */
export type LabWith<Config extends BtsConfig> = Lab & { readonly config: Config };

/** An experiment on a corpus; `body` gets everything that its cells share. */
export function labExperiment<Schema extends z.ZodType<BtsConfig>>(
  { body, ...experiment }:
    & Omit<Experiment<Schema, LoadedCorpus>, "prepare" | "outline" | "body">
    & { readonly body: (lab: LabWith<z.output<Schema>>) => Promise<CellResult<RunResults>> },
): Experiment<Schema, LoadedCorpus> {
  return {
    ...experiment,
    async check(config) {
      await experiment.check(config);
      await checkData(config.data);
    },
    prepare: ({ data }, seed, { runsFolder: folder }) => loadCorpus(data, { seed, folder }),
    release: closeCorpus,
    outline: ({ data }) => outlineCorpus(data),
    body: ({ prepared: corpus, ...context }) => body({ ...context, corpus }),
  };
}

/** A corpus without text. */
function outlineCorpus({ domains }: DataConfig): LoadedCorpus {
  return {
    domains: Object.keys(domains),
    documents: {},
    tasks: [],
    fingerprint: "planned",
    fingerprints: {},
    report: {},
  };
}
