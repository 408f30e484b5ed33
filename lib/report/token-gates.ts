// A text coloured by the model that each stitch listens to, with the gates along the position.
import * as Plot from "@observablehq/plot";
import type { GateSummary } from "../stitch/mod.ts";
import { escapeHtml } from "./escape.ts";
import { draw } from "./figures/plot.ts";
import { figureHtml } from "./figures.ts";
import { fixed } from "./format.ts";
import { type Grid, gridHtml } from "./grid.ts";
import { methodColours, methodLabel } from "../methods.ts";
import { pageFrame } from "./frame.ts";

/** A stretch of the text: a part that was given, or what the model wrote. */
export interface GateSegment {
  readonly label: string;
  /** First token, and the one after the last. */
  readonly start: number;
  readonly end: number;
}

/** One stitch along the text. */
export interface GateTrack {
  /** From 1. */
  readonly stitch: number;
  readonly kind: "E2H" | "H2E";
  readonly after: number;
  /** Names of the models by column: `seed`, `code`. */
  readonly models: readonly string[];
  /** Mean gate by token and model. */
  readonly gates: readonly (readonly number[])[];
  /** By segment; null for one without tokens. */
  readonly summaries: readonly (GateSummary | null)[];
}

/** What `deno task gates` found. */
export interface GateTrace {
  readonly run: string;
  readonly title: string;
  readonly tokens: readonly { readonly id: number; readonly text: string }[];
  readonly segments: readonly GateSegment[];
  readonly stitches: readonly GateTrack[];
}

/** How the token is shown with which every text begins and ends. */
export const END_OF_TEXT = "⏹";

const LENGTH = 720;

/** The whole trace as a page: a figure, a table and the coloured text for every stitch, the last one first. */
export function tokenGatesHtml(trace: GateTrace): string {
  const colours = coloursOf(trace);
  const sections = trace.stitches.toReversed().map((track, at) => {
    const what = track.kind === "E2H" ? "experts into hub" : "hub into experts";
    const title = `Stitch ${track.stitch}, after layer ${track.after}: ${what}`;
    return `<section><h2>${escapeHtml(title)}</h2>
${figureHtml(positionFigure(trace, track, colours), at + 1)}
${gridHtml(summaryGrid(trace, track))}
${trace.segments.map((segment) => textHtml(trace, track, segment, colours)).join("\n")}</section>`;
  });
  const models = [...colours].map(([name, colour]) =>
    `<span><i style="background:${colour}"></i>${escapeHtml(methodLabel(nameOf(name)))}</span>`
  );
  return pageFrame(
    `${trace.title} · gates`,
    `<header><h1>Which model the stitches listen to</h1>
<p class="meta"><span>${escapeHtml(trace.title)}</span><span>${
      escapeHtml(trace.run)
    }</span><span>${trace.tokens.length} tokens</span></p>
<p>Every token is shaded in the colour of the model whose gate is the largest there; the stronger the shade, the larger
the gate. A gate at a token decides how the next one is predicted. Point at a token for its numbers. ${END_OF_TEXT} is
the token with which a text begins, and which ends what the model writes.</p>
<p class="key">${models.join("")}</p></header>
${sections.join("\n")}`,
    STYLE,
  );
}

/** The figure of one stitch as SVG: gates by position, with a rule where a segment begins. */
export function positionFigure(trace: GateTrace, track: GateTrack, colours = coloursOf(trace)) {
  const rows = track.gates.flatMap((row, position) =>
    row.map((gate, i) => ({ position, gate, model: track.models[i]! }))
  );
  const shares = track.kind === "E2H";
  const mark = { x: "position", y: "gate", order: null } as const;
  const colour = ({ model }: { model: string }) => colours.get(model)!;
  const starts = trace.segments.filter(({ start, end }) => end > start);
  return {
    name: `stitch-${track.stitch}`,
    title: `Gates of stitch ${track.stitch} along the text`,
    caption: shares
      ? "Each model’s share of the hub’s new state, averaged over dimensions, token by token."
      : "How far each expert takes over the hub’s state, averaged over dimensions, token by token.",
    legend: track.models.map((model) => ({ label: methodLabel(nameOf(model)), colour: colours.get(model)! })),
    panels: [draw(`Gates of stitch ${track.stitch} by position`, {
      width: LENGTH,
      height: 200,
      marginTop: 26,
      marginLeft: 40,
      x: { label: "token", domain: [0, Math.max(1, track.gates.length - 1)], nice: false },
      y: { label: null, domain: [0, 1], ticks: 4, tickFormat: "~%", grid: !shares },
      color: { type: "identity" },
      marks: [
        ...(shares
          ? [Plot.areaY(rows, Plot.stackY({ ...mark, fill: colour, z: "model", curve: "step" }))]
          : [Plot.lineY(rows, { x: "position", y: "gate", z: "model", stroke: colour, curve: "step" })]),
        Plot.ruleX(starts.filter(({ start }) => start > 0), {
          x: "start",
          stroke: "currentColor",
          strokeDasharray: "3 3",
        }),
        Plot.text(starts, {
          x: "start",
          text: "label",
          frameAnchor: "top",
          textAnchor: "start",
          dy: -16,
          dx: 2,
        }),
      ],
    })],
  };
}

function summaryGrid({ segments }: GateTrace, { kind, models, summaries }: GateTrack): Grid {
  const numeric = (title: string) => ({ title, numeric: true });
  const labels = models.map((model) => methodLabel(nameOf(model)));
  return {
    caption: "Mean gate in percent; below it, at what share of the tokens the model’s gate is the largest" +
      (kind === "E2H" ? "; entropy of the gates over models in bits" : ""),
    columns: [
      { title: "part", numeric: false },
      numeric("tokens"),
      ...labels.map(numeric),
      ...(kind === "E2H" ? [numeric("entropy")] : []),
    ],
    rows: segments.flatMap(({ label, start, end }, i) => {
      const summary = summaries[i];
      if (summary === null || summary === undefined) return [];
      return [[
        { text: label },
        { text: String(end - start) },
        ...summary.mean.map((gate, at) => ({
          text: fixed(100 * gate, 1),
          aside: `wins ${fixed(100 * summary.won[at]!, 1)}`,
        })),
        ...(summary.entropy === null ? [] : [{ text: fixed(summary.entropy, 2) }]),
      ]];
    }),
  };
}

function textHtml(
  { tokens }: GateTrace,
  { models, gates }: GateTrack,
  { label, start, end }: GateSegment,
  colours: ReadonlyMap<string, string>,
): string {
  if (end <= start) return "";
  const spans = tokens.slice(start, end).map(({ text }, i) => {
    const row = gates[start + i]!;
    const winner = row.indexOf(Math.max(...row));
    const numbers = row.map((gate, at) => `${methodLabel(nameOf(models[at]!))} ${fixed(100 * gate, 1)} %`).join(", ");
    const shade = Math.round(Math.min(1, Math.max(0.08, row[winner]!)) * 80);
    const colour = `color-mix(in srgb, ${colours.get(models[winner]!)} ${shade}%, transparent)`;
    return `<span style="background:${colour}" title="${escapeHtml(numbers)}">${escapeHtml(text)}</span>`;
  });
  return `<h3>${escapeHtml(label)}</h3><pre class="tokens">${spans.join("")}</pre>`;
}

/** Models are called by their domain in a stitch file, methods by `expert:domain`. */
function nameOf(model: string): string {
  return model === "seed" ? model : `expert:${model}`;
}

function coloursOf({ stitches }: GateTrace): Map<string, string> {
  const models = [...new Set(stitches.flatMap(({ models }) => models))].sort((a, b) =>
    Number(b === "seed") - Number(a === "seed")
  );
  const byMethod = methodColours(models.map(nameOf));
  return new Map(models.map((model) => [model, byMethod.get(nameOf(model))!]));
}

const STYLE = `.tokens { line-height: 1.9; } .tokens span { border-radius: 2px; padding: .1em 0; }
.key span { margin-right: 1rem; white-space: nowrap; font: .85rem system-ui, sans-serif; }
.key i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .35em; }
`;
