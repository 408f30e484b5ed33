// The geometry of a sweep's parallel coordinates: one axis per setting and one for the metric. Pure: the browser loads
// this file.

/** What the figure shows of a trial. */
export interface PlottedTrial {
  readonly trial: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly seed: number;
  /** The metric's value; null if the trial has none. */
  readonly value: number | null;
}

/** One axis; places run from 0, its bottom, to 1, its top. */
export interface Axis {
  readonly title: string;
  /** Labelled places, from the bottom. */
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
}

/** One trial as a line across all axes. */
export interface TrialLine {
  readonly trial: number;
  /** Its place on each axis. */
  readonly at: readonly number[];
  readonly value: number;
  /** How good it is among the lines, from 0, the worst, to 1, the best. */
  readonly goodness: number;
}

/** A figure's axes and lines; the lines best last, so that the best are drawn on top. */
export interface ParallelCoordinates {
  readonly axes: readonly Axis[];
  readonly lines: readonly TrialLine[];
}

/** Up to so many different numbers each get a label; more get labels at even places. */
const MOST_LABELS = 8;
/** Height of a label, as a share of an axis. */
const LABEL_HEIGHT = 0.06;
/** Listed numbers and results that span more than this factor are placed by their logarithm. */
const LOG_FROM = 50;

/**
 * Axes and lines of the trials that have a value; undefined with fewer than two of them.
 *
 * @param keys the settings that are varied; a `seed` axis comes along when there are several seeds
 * @param ranges how settings were drawn, which says whether their axes are logarithmic
 */
export function parallelCoordinates(
  { keys, ranges }: {
    readonly keys: readonly string[];
    readonly ranges: readonly { readonly key: string; readonly scale: string }[];
  },
  trials: readonly PlottedTrial[],
  metric: { readonly text: string; readonly better: "lower" | "higher" },
): ParallelCoordinates | undefined {
  const shown = trials.filter((trial): trial is PlottedTrial & { value: number } => trial.value !== null);
  if (shown.length < 2) return undefined;
  const columns = keys.map((key) => ({ title: key, texts: shown.map(({ settings }) => settings[key] ?? "") }));
  const seeds = shown.map(({ seed }) => String(seed));
  if (new Set(seeds).size > 1) columns.push({ title: "seed", texts: seeds });
  const scales = columns.map(({ title, texts }) =>
    settingScale(texts, ranges.find(({ key }) => key === title)?.scale.startsWith("log"))
  );
  const values = shown.map(({ value }) => value);
  const last = numberScale(values, values.map(shortNumber));
  const ordered = [...new Set(values)].sort((a, b) => metric.better === "lower" ? b - a : a - b);
  const goodness = new Map(ordered.map((value, i) => [value, ordered.length === 1 ? 1 : i / (ordered.length - 1)]));
  const lines = shown.map(({ trial, value }, i) => ({
    trial,
    value,
    at: [...scales.map(({ place }, k) => place(columns[k]!.texts[i]!)), last.place(value)],
    goodness: goodness.get(value)!,
  }));
  return {
    axes: [
      ...columns.map(({ title }, k) => ({ title, ticks: scales[k]!.ticks })),
      { title: metric.text, ticks: last.ticks },
    ],
    lines: lines.sort((a, b) => a.goodness - b.goodness || b.trial - a.trial),
  };
}

interface Scale<Value> {
  readonly place: (value: Value) => number;
  readonly ticks: Axis["ticks"];
}

/** Numbers by size, anything else by its order of appearance. */
function settingScale(texts: readonly string[], logarithmic: boolean | undefined): Scale<string> {
  const numbers = texts.map((text) => text.trim() === "" ? NaN : Number(text));
  if (numbers.every(Number.isFinite)) {
    const { place, ticks } = numberScale(numbers, texts, logarithmic);
    return { place: (text) => place(Number(text)), ticks };
  }
  const different = [...new Set(texts)];
  const place = (text: string) => different.length === 1 ? 0.5 : different.indexOf(text) / (different.length - 1);
  return { place, ticks: different.map((text) => ({ at: place(text), text })) };
}

/** Few different values are labelled each, as `texts` has them; of many, the ends and places between. */
function numberScale(values: readonly number[], texts: readonly string[], asked?: boolean): Scale<number> {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const logarithmic = low > 0 && (asked ?? high / low >= LOG_FROM);
  const map = logarithmic ? Math.log : (value: number) => value;
  const back = logarithmic ? Math.exp : (value: number) => value;
  const place = (value: number) => low === high ? 0.5 : (map(value) - map(low)) / (map(high) - map(low));
  const labels = new Map(values.map((value, i) => [value, texts[i]!]));
  if (labels.size <= MOST_LABELS) {
    const ticks = [...labels].map(([value, text]) => ({ at: place(value), text })).sort((a, b) => a.at - b.at);
    return { place, ticks: spread(ticks) };
  }
  const shares = [0, 0.25, 0.5, 0.75, 1];
  const at = (share: number) => back(map(low) + share * (map(high) - map(low)));
  return { place, ticks: shares.map((share) => ({ at: share, text: shortNumber(at(share)) })) };
}

/** Leaves out labels that others would cover; those of both ends stay. */
function spread(ticks: Axis["ticks"]): Axis["ticks"] {
  const kept: Axis["ticks"][number][] = [];
  const top = ticks.at(-1)!.at;
  for (const tick of ticks) {
    const free = kept.length === 0 || tick.at - kept.at(-1)!.at >= LABEL_HEIGHT;
    if (tick.at === top && tick.text === ticks.at(-1)!.text || (free && top - tick.at >= LABEL_HEIGHT)) kept.push(tick);
  }
  return kept;
}

/** Three or four significant digits. */
function shortNumber(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return value.toExponential(1).replace("e+", "e");
  return String(Number(value.toPrecision(4)));
}
