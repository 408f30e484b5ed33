// A chart as a picture that stands alone: SVG with title, axes and legend, drawn from the same lines as on the page. Pure.
import type { AxisName } from "../../../run/view/mod.ts";
import { AXIS_LABELS, placeLabel, placeTicks, ticksFor, valueLabel } from "./axis.ts";
import { COLORS, DASHES } from "./curves.ts";
import { type Drawing, isolated, type Line } from "./lines.ts";

/** Colors of the page, so that the picture looks like it. */
export interface Theme {
  readonly background: string;
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly series: readonly string[];
}

/** The theme of pages. @param color of a variable of their style, such as `--text` */
export function themeOf(color: (variable: string) => string): Theme {
  return {
    background: color("--card"),
    text: color("--text"),
    muted: color("--muted"),
    grid: color("--grid"),
    series: Array.from({ length: COLORS }, (_, i) => color(`--series-${i + 1}`)),
  };
}

/** What a picture shows. */
export interface Picture {
  readonly title: string;
  readonly drawing: Drawing;
  readonly x: AxisName;
  readonly log: boolean;
  readonly xRange: readonly [number, number];
  readonly yRange: readonly [number, number];
  readonly theme: Theme;
  /** A style sheet, if the theme has names of variables. @default none */
  readonly style?: string;
}

const WIDTH = 960;
const PLOT_HEIGHT = 420;
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 20, 44, 44];
const LEGEND_LINE = 20;

/** The picture as a document. */
export function chartSvg({ title, drawing, x, log, xRange, yRange, theme, style = "" }: Picture): string {
  const named = drawing.lines.filter(({ faint }) => !faint);
  const legend = legendOf(named, theme);
  const height = TOP + PLOT_HEIGHT + BOTTOM + legend.height;
  const [right, bottom] = [WIDTH - RIGHT, TOP + PLOT_HEIGHT];
  const across = (place: number) => LEFT + (right - LEFT) * (place - xRange[0]) / (xRange[1] - xRange[0]);
  const scale = log ? Math.log : (value: number) => value;
  const up = (value: number) =>
    bottom - PLOT_HEIGHT * (scale(value) - scale(yRange[0])) / (scale(yRange[1]) - scale(yRange[0]));
  const parts: string[] = [`<rect width="${WIDTH}" height="${height}" fill="${theme.background}"/>`];
  const text = (at: [number, number], words: string, extra = "") =>
    `<text x="${round(at[0])}" y="${round(at[1])}" fill="${theme.muted}" ${extra}>${escape(words)}</text>`;
  parts.push(text([LEFT, 26], title, `font-size="16" font-weight="600" style="fill:${theme.text}"`));
  for (const value of ticksFor(yRange[0], yRange[1], log, 7)) {
    parts.push(`<path d="M${LEFT} ${round(up(value))}H${right}" stroke="${theme.grid}"/>`);
    parts.push(text([LEFT - 8, up(value) + 4], valueLabel(value), 'text-anchor="end"'));
  }
  for (const place of placeTicks(x, xRange[0], xRange[1], 8)) {
    parts.push(`<path d="M${round(across(place))} ${TOP}V${bottom}" stroke="${theme.grid}"/>`);
    parts.push(text([across(place), bottom + 18], placeLabel(x, place), 'text-anchor="middle"'));
  }
  parts.push(text([(LEFT + right) / 2, bottom + 36], AXIS_LABELS[x], 'text-anchor="middle"'));
  parts.push(
    `<clipPath id="plot"><rect x="${LEFT}" y="${TOP}" width="${right - LEFT}" height="${PLOT_HEIGHT}"/></clipPath>`,
  );
  const drawn = drawing.lines.map((line) => lineSvg(drawing.x, line, across, up, theme));
  parts.push(`<g clip-path="url(#plot)" fill="none" stroke-linejoin="round">${drawn.join("")}</g>`);
  parts.push(`<g transform="translate(${LEFT} ${bottom + BOTTOM + 8})">${legend.svg}</g>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ` +
    `font-family="system-ui, sans-serif" font-size="12">\n${style && `<style>${escape(style)}</style>`}${
      parts.join("\n")
    }\n</svg>\n`;
}

function lineSvg(
  x: readonly number[],
  { curve, faint, values }: Line,
  across: (place: number) => number,
  up: (value: number) => number,
  { series }: Theme,
): string {
  const color = series[curve.color];
  let path = "";
  let open = false;
  for (const [i, value] of values.entries()) {
    if (value === undefined) continue;
    if (value !== null) path += `${open ? "L" : "M"}${round(across(x[i]!))} ${round(up(value))}`;
    open = value !== null;
  }
  const dots = isolated(values).map((i) =>
    `<circle cx="${round(across(x[i]!))}" cy="${round(up(values[i]!))}" r="3" fill="${color}"/>`
  );
  const dash = DASHES[curve.dash % DASHES.length]!.join(" ");
  const look = `stroke-width="${faint ? 1 : 2}"${faint ? ' opacity="0.35"' : ""}${
    dash && ` stroke-dasharray="${dash}"`
  }`;
  return `<g><path d="${path}" stroke="${color}" ${look}/>${dots.join("")}</g>`;
}

/** Names of lines, in rows as wide as the picture. Widths of text are estimated. */
function legendOf(lines: readonly Line[], { series, text }: Theme) {
  let [left, top] = [0, 0];
  const parts = lines.map(({ curve }) => {
    const width = 40 + 7 * curve.label.length;
    if (left > 0 && left + width > WIDTH - LEFT - RIGHT) [left, top] = [0, top + LEGEND_LINE];
    const dash = DASHES[curve.dash % DASHES.length]!.join(" ");
    const part = `<g transform="translate(${left} ${top})"><path d="M0 0H22" stroke="${series[curve.color]}" ` +
      `stroke-width="2"${dash && ` stroke-dasharray="${dash}"`}/>` +
      `<text x="28" y="4" fill="${text}">${escape(curve.label)}</text></g>`;
    left += width;
    return part;
  });
  return { svg: parts.join(""), height: lines.length === 0 ? 0 : top + LEGEND_LINE };
}

const round = (value: number): number => Math.round(value * 100) / 100;

/** Text for XML; characters that it does not allow are left out. */
function escape(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.toWellFormed().replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "").replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
