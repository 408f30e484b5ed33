// A figure with its legend and caption as HTML.
import { escapeHtml } from "../escape.ts";
import type { Figure } from "./plot.ts";

/** A figure as self-contained HTML: inline styles, no scripts, and colors for light and dark pages. */
export function figureHtml(figure: Figure, number?: number): string {
  const legend = figure.legend.map(({ label, color }) =>
    `<span style="display:inline-block;margin-right:1.1em"><span style="display:inline-block;width:.75em;height:.75em;` +
    `border-radius:2px;margin-right:.4em;background:${escapeHtml(color)}"></span>${escapeHtml(label)}</span>`
  ).join(" ");
  const key = legend === ""
    ? ""
    : `<div class="key" style="font:12px system-ui,sans-serif;margin:.2em 0 .6em">${legend}</div>`;
  const columns = figure.panels.length > 1
    ? `display:grid;gap:1em;grid-template-columns:repeat(auto-fit,minmax(min(100%,${
      figure.panels.length % 3 === 0 ? 210 : 250
    }px),1fr))`
    : "";
  const label = number === undefined ? "" : `Figure ${number}. `;
  return `<figure id="figure-${escapeHtml(figure.name)}" style="margin:1.5em 0">${key}<div style="${columns}">` +
    `${figure.panels.join("\n")}</div><figcaption><strong>${label}${escapeHtml(figure.title)}.</strong> ` +
    `${escapeHtml(figure.caption)}</figcaption></figure>`;
}
