// A figure as one SVG image: what readers show that leave SVG in HTML out, as GitHub does with notebooks.
import { parseHTML } from "linkedom";
import { escapeHtml } from "../escape.ts";
import { type Figure, textWidth } from "./plot.ts";
import { INK } from "./panel-image.ts";

const GAP = 16;
const LINE = 16;
/** Labels may stand this many pixels outside of a panel. */
const MARGIN = 12;

/** A figure with its legend and caption as an SVG document of its own, for light and dark pages. */
export function figureImage(figure: Figure): string {
  const panels = figure.panels.map(panelOf);
  const columns = panels.length % 3 === 0 ? 3 : Math.min(2, panels.length);
  const rows = Array.from(
    { length: Math.ceil(panels.length / columns) },
    (_, row) => panels.slice(row * columns, (row + 1) * columns),
  );
  const width = Math.max(420, ...rows.map((row) => row.reduce((sum, { width }) => sum + width + GAP, -GAP)));
  const parts: string[] = [];
  let y = MARGIN;
  for (const line of legendLines(figure.legend, width)) {
    y += LINE;
    for (const { label, color, x } of line) {
      parts.push(
        `<rect x="${x}" y="${y - 9}" width="9" height="9" rx="2" fill="${escapeHtml(color)}"/>` +
          `<text x="${x + 14}" y="${y}">${escapeHtml(label)}</text>`,
      );
    }
  }
  y += figure.legend.length > 0 ? LINE : 0;
  for (const row of rows) {
    let x = 0;
    for (const { at, width } of row) {
      parts.push(at(x, y));
      x += width + GAP;
    }
    y += Math.max(...row.map(({ height }) => height)) + GAP;
  }
  for (const [at, line] of wrapped(`${figure.title}. ${figure.caption}`, width).entries()) {
    y += LINE;
    // The title is the start of the first line, unless it is longer.
    const title = at === 0 && line.startsWith(`${figure.title}.`) ? `${figure.title}.` : "";
    const rest = escapeHtml(line.slice(title.length));
    const bold = title === "" ? "" : `<tspan font-weight="600">${escapeHtml(title)}</tspan>`;
    parts.push(`<text x="0" y="${y}" xml:space="preserve">${bold}${rest}</text>`);
  }
  const [w, h] = [width + 2 * MARGIN, y + MARGIN];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="${-MARGIN} 0 ${w} ${h}" ` +
    `font-family="system-ui,sans-serif" font-size="11" fill="currentColor" role="img" aria-label="${
      escapeHtml(figure.title)
    }"><style>${INK}</style>${parts.join("\n")}</svg>`;
}

interface Panel {
  readonly width: number;
  readonly height: number;
  /** The panel as an element at a place. */
  at(x: number, y: number): string;
}

function panelOf(panel: string): Panel {
  const svg = parseHTML(panel).document.querySelector("svg")!;
  const [width, height] = ["width", "height"].map((name) => Number(svg.getAttribute(name))) as [number, number];
  return {
    width,
    height,
    at(x, y) {
      svg.setAttribute("x", String(x));
      svg.setAttribute("y", String(y));
      svg.setAttribute("style", "overflow:visible");
      svg.removeAttribute("xmlns");
      return svg.outerHTML;
    },
  };
}

/** The legend in lines that fit the width, with the place of each entry. */
function legendLines(legend: Figure["legend"], width: number) {
  const lines: { label: string; color: string; x: number }[][] = [];
  let x = Infinity;
  for (const { label, color } of legend) {
    const needed = 14 + textWidth(label) + GAP;
    if (x + needed > width) {
      lines.push([]);
      x = 0;
    }
    lines.at(-1)!.push({ label, color, x: Math.round(x) });
    x += needed;
  }
  return lines;
}

/** A text in lines that fit the width. */
function wrapped(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = lines.at(-1) === "" ? word : `${lines.at(-1)} ${word}`;
    if (textWidth(longer) > width && lines.at(-1) !== "") lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}
