// What the study found over several seeds, as Markdown for the results page.
import type { Interval } from "../../../lib/domains/mod.ts";
import { fixed, type Grid, gridMarkdown, hasInterval, meanInterval, seedsBasis } from "../../../lib/report/mod.ts";
import { type RunView, seedOf } from "../../../lib/run/mod.ts";
import { agreements, choiceValuesOf, gainRowsOf } from "./tables.ts";

/** Correlations over all candidates and seeds, and what choices are worth. */
export function predictedGainsFindings(views: readonly RunView[]): string[] {
  const bySeed = views.map(gainRowsOf);
  const basis = seedsBasis(views.map(seedOf));
  return [
    "Correlation of the probes' gains and the experts', over all candidates and seeds, with 95 % intervals of a bootstrap " +
    "that draws candidates with all their seeds:",
    gridMarkdown(agreementGrid(bySeed)),
    `Realized joint gain of choices (mean over domains of the best gain of any chosen expert, in bits per byte), ${basis}:`,
    gridMarkdown(choicesGrid(bySeed)),
  ];
}

type Rows = readonly ReturnType<typeof gainRowsOf>[];

function agreementGrid(bySeed: Rows): Grid {
  const each = bySeed.map(agreements);
  const text = ({ value, low, high }: Interval) => ({
    text: fixed(value, 2),
    aside: `[${fixed(low, 2)}, ${fixed(high, 2)}]`,
  });
  return {
    caption: "",
    columns: [
      { title: "gains on", numeric: false },
      { title: "pairs", numeric: true },
      { title: "Pearson", numeric: true },
      { title: "Spearman", numeric: true },
      { title: "Spearman by seed", numeric: true },
    ],
    rows: agreements(bySeed.flat()).map(({ on, pairs, pearson, spearman }, at) => [
      { text: on },
      { text: String(pairs) },
      text(pearson),
      text(spearman),
      { text: each.map((rows) => fixed(rows[at]!.spearman.value, 2)).join(", ") },
    ]),
  };
}

function choicesGrid(bySeed: Rows): Grid {
  const each = bySeed.map(choiceValuesOf);
  const over = (values: readonly number[]) => {
    const { mean, halfWidth } = meanInterval(values);
    return { text: fixed(mean, 3), ...(hasInterval(values.length) ? { aside: `± ${fixed(halfWidth, 3)}` } : {}) };
  };
  return {
    caption: "",
    columns: ["experts", "by predicted gains", "by realized gains", "at random"]
      .map((title) => ({ title, numeric: true })),
    rows: each[0]!.map(({ experts }, at) => [
      { text: String(experts) },
      ...(["predicted", "realized", "random"] as const).map((what) => over(each.map((rows) => rows[at]![what]))),
    ]),
  };
}
