// Experiments with Branch-Train-Stitch's settings and text: loading the text, and its placeholder in a plan.
import type { z } from "zod";
import { checkData, closeCorpus, type DataConfig, loadCorpus, type LoadedCorpus } from "../data/mod.ts";
import type { ChatTemplate } from "../huggingface/mod.ts";
import type { Experiment } from "../experiment/mod.ts";
import { byteSize } from "../report/mod.ts";
import type { CellResult, RunResults } from "../run/mod.ts";
import { broughtText, leadOf, readBrought } from "./brought.ts";
import { completeFromCheckpoints } from "./complete.ts";
import { chatRenderer, chatTemplateOf, chosenTemplate } from "./chat.ts";
import type { BtsConfig } from "./config.ts";
import type { Lab } from "./lab.ts";

/** The lab of an experiment that adds its own settings to those of Branch-Train-Stitch. */
export type LabWith<Config extends BtsConfig> = Lab & { readonly config: Config };

/** The text of a run, and the models that were trained elsewhere. */
export type LabData = LoadedCorpus & Pick<Lab, "brought" | "chat">;

/** What distinguishes one experiment on a corpus from another. */
export type LabExperiment<Schema extends z.ZodType<BtsConfig>> =
  & Omit<Experiment<Schema, LabData>, "prepare" | "outline" | "remarks" | "body">
  & {
    readonly body: (lab: LabWith<z.output<Schema>>) => Promise<CellResult<RunResults>>;
    /** Which of the models in the setting `pretrained` its cells read. @default all */
    readonly reads?: (config: z.output<Schema>) => readonly string[];
    /** The chat template that its models have. @default that of the checkpoint whose tokenizer is used */
    readonly chat?: (config: z.output<Schema>, runsFolder: string) => Promise<ChatTemplate | undefined>;
  };

/** An experiment on a corpus; `body` gets everything that its cells share. */
export function labExperiment<Schema extends z.ZodType<BtsConfig>>(
  { body, reads = ({ pretrained }) => Object.keys(pretrained), chat: chatIn, ...experiment }: LabExperiment<Schema>,
): Experiment<Schema, LabData> {
  return {
    complete: async ({ config, origins, dryRun: plan }) => ({
      ...config,
      ...await completeFromCheckpoints(config, origins, { plan }),
    }),
    ...experiment,
    async check(config) {
      await experiment.check(config);
      await checkData(config.data);
    },
    async prepare(config, seed, { runsFolder: folder, report }) {
      const names = reads(config);
      const brought = names.length === 0 ? {} : { brought: await readBrought(config, names) };
      const onRead = readingReport(report);
      const own = chatIn === undefined ? chatTemplateOf(leadOf({ config, ...brought })) : await chatIn(config, folder);
      const chat = await chosenTemplate(config.data, own);
      const corpus = await loadCorpus(config.data, { seed, folder, onRead, chat: chat && chatRenderer(chat) });
      return { ...corpus, ...brought, ...(chat === undefined ? {} : { chat }) };
    },
    remarks: ({ brought = new Map() }) => [...brought].map(([name, one]) => broughtText(name, one)),
    release: closeCorpus,
    outline: ({ data }) => outlineCorpus(data),
    body: ({ prepared: corpus, ...context }) =>
      body({
        ...context,
        corpus,
        ...(corpus.brought === undefined ? {} : { brought: corpus.brought }),
        ...(corpus.chat === undefined ? {} : { chat: corpus.chat }),
      }),
  };
}

/** Time between two lines on reading; little text is read before the first. */
const REPORT_MS = 10_000;

/** Reports now and then how much text has been read: that may take minutes, before there is a run to watch. */
export function readingReport(report: (text: string) => void, now = () => performance.now()) {
  let next = now() + REPORT_MS;
  return (characters: number) => {
    if (now() < next) return;
    next = now() + REPORT_MS;
    report(`Reading text: ${byteSize(characters)} so far`);
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
