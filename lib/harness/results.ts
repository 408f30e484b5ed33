// The results of an evaluation as a table, as the harness's JSON, and as measures of a run.
import {
  type Evaluation,
  type MeasureInfo,
  type Measurement,
  numberColumn,
  type Table,
  textColumn,
} from "../run/mod.ts";
import type { Score } from "./aggregate.ts";
import type { HarnessScores, TaskScores } from "./evaluate.ts";
import type { Opening } from "./subject.ts";

/** The names of tasks and groups with their scores, in order: groups first. */
function rows({ tasks, groups }: HarnessScores) {
  return [
    ...groups.filter(({ scores }) => scores.length > 0).map(({ name, alias, scores }) => ({
      name,
      alias,
      version: null,
      fewshot: null,
      chance: null,
      scores,
    })),
    ...tasks.map(({ config, scores, chance }) => ({
      name: config.name,
      alias: config.alias,
      version: config.version,
      fewshot: config.fewshot.count,
      chance,
      scores,
    })),
  ];
}

/** A table with a line for each metric and filter. @param title the model */
export function harnessTable(found: HarnessScores, title: string): Table {
  const digits = (value: number) => value.toFixed(4);
  return {
    name: "evaluation",
    title,
    columns: [
      textColumn("task"),
      textColumn("version"),
      textColumn("filter"),
      numberColumn("shots", "n-shot", 0),
      textColumn("metric"),
      textColumn("better"),
      numberColumn("value", "value", 4),
      textColumn("stderr"),
      textColumn("interval", "95 % interval"),
      numberColumn("documents", "documents", 0),
    ],
    rows: rows(found).flatMap(({ alias, version, fewshot, scores }) =>
      scores.map(({ metric, filter, better, value, stderr, interval, samples }, i) => ({
        task: i === 0 ? alias : "",
        version: i === 0 ? version : "",
        filter,
        shots: i === 0 ? fewshot : null,
        metric,
        better: better === "higher" ? "↑" : "↓",
        value,
        stderr: stderr === null ? "N/A" : `±${digits(stderr)}`,
        interval: interval === null ? "" : `${digits(interval[0])}–${digits(interval[1])}`,
        documents: samples,
      }))
    ),
  };
}

/** Values under the harness's names: `acc,none`, `acc_stderr,none`; and their 95 % intervals. */
export function harnessJson(found: HarnessScores): Record<string, Record<string, unknown>> {
  return Object.fromEntries(
    rows(found).map(({ name, alias, scores }) => [
      name,
      {
        alias,
        sample_len: Math.max(0, ...scores.map(({ samples }) => samples)),
        ...Object.fromEntries(scores.flatMap(({ metric, filter, value, stderr, interval }) => [
          [`${metric},${filter}`, value],
          [`${metric}_stderr,${filter}`, stderr ?? "N/A"],
          [`${metric}_interval,${filter}`, interval],
        ])),
      },
    ]),
  );
}

/** `capitals/acc`, `sums/exact_match/strict`: the name of a score as a measure. */
function measureName(task: string, { metric, filter }: Score): string {
  return filter === "none" ? `${task}/${metric}` : `${task}/${metric}/${filter}`;
}

/** Tables of scores that are neither shares nor of text. */
const OTHERS: Readonly<Record<string, string>> = {
  f1: "agreement with the right choices",
  mcc: "agreement with the right choices",
  brier_score: "Brier score",
};

/** Scores as measures of a model, and what their values depend on. */
export interface HarnessMeasures {
  readonly settings: NonNullable<Evaluation["settings"]>;
  readonly measures: readonly MeasureInfo[];
  readonly measurements: readonly Measurement[];
}

/** What a person chose otherwise than the task, or than is usual for the model. */
export interface Chosen {
  readonly model: string;
  readonly bos: Opening;
  readonly usualBos: Opening;
}

/**
 * The scores of each task and group as measures of a model. Scores of another number of examples than the task's own, or of
 * another way to begin texts than usual, have names of their own: `capitals@5-shot/acc`.
 */
export function harnessMeasures({ tasks, groups }: HarnessScores, chosen: Chosen): HarnessMeasures[] {
  const { model, bos, usualBos } = chosen;
  const suffix = (shots: readonly number[]) =>
    [...new Set(shots)].map((count) => `@${count}-shot`).join("") + (bos === usualBos ? "" : `@bos-${bos}`);
  const own = ({ config: { fewshot } }: TaskScores) => fewshot.chosen ? [fewshot.count] : [];
  return [
    ...groups.filter(({ scores }) => scores.length > 0).map(({ name, members, scores }) => {
      const within = tasks.filter(({ config }) => members.includes(config.name));
      const versions = Object.fromEntries(within.map(({ config, versions }) => [config.name, { ...versions }]));
      return measuresOf(name + suffix(within.flatMap(own)), null, scores, { model, bos, tasks: versions });
    }),
    ...tasks.map((task) =>
      measuresOf(task.config.name + suffix(own(task)), task.chance, task.scores, { model, bos, ...task.versions })
    ),
  ];
}

function measuresOf(
  name: string,
  chance: number | null,
  scores: readonly Score[],
  settings: HarnessMeasures["settings"],
): HarnessMeasures {
  const all = scores.map((score) => ({ name, chance, score }));
  return {
    settings,
    measures: all.map(({ name, chance, score }): MeasureInfo => {
      const isShare = ["acc", "acc_norm", "acc_bytes", "acc_mutual_info", "exact_match"].includes(score.metric);
      return {
        name: measureName(name, score),
        title: measureName(name, score),
        table: `Outside evaluation, ${
          isShare ? "percent right" : OTHERS[score.metric] ?? "perplexity and bits per byte"
        }`,
        format: !isShare ? "number" : score.interval === null ? "percent" : "proportion",
        digits: isShare ? 1 : 4,
        section: "scores",
        chance: isShare && score.metric !== "exact_match" ? chance : null,
        machineDependent: false,
      };
    }),
    measurements: all.map(({ name, score }): Measurement => ({
      name: measureName(name, score),
      group: "",
      value: score.value,
      interval: score.interval === null ? null : [...score.interval],
      samples: score.samples,
      better: score.better,
    })),
  };
}
