// Observable Plot without a browser: figures as SVG text for light and dark pages.
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

const { document } = parseHTML("<!doctype html><html><body></body></html>");

/** A figure: SVG panels side by side, with a legend. */
export interface Figure {
  /** `mean`, `matrix`, `differences`, `gains`, `predicted-gains`, `loss`, `gates`, `cost-quality`, `parameters`, `time` */
  readonly name: string;
  readonly title: string;
  /** What it shows and how to read it. */
  readonly caption: string;
  readonly legend: readonly { readonly label: string; readonly color: string }[];
  readonly panels: readonly string[];
}

/** Draws a plot; text and axes take the page's text color. `label` is for screen readers. */
export function draw(label: string, options: Plot.PlotOptions): string {
  const svg = Plot.plot({
    document: document as unknown as Document,
    style: { fontSize: "11px", fontFamily: "system-ui, sans-serif" },
    ...options,
  }) as unknown as SVGSVGElement;
  svg.querySelector("style")?.remove();
  svg.removeAttribute("class");
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  // What is in an image has no label of its own.
  for (const mark of svg.querySelectorAll("g[aria-label]")) {
    mark.setAttribute("data-mark", mark.getAttribute("aria-label")!);
    mark.removeAttribute("aria-label");
  }
  svg.setAttribute(
    "style",
    `width:100%;max-width:${
      Math.round(Number(svg.getAttribute("width")) * 1.25)
    }px;height:auto;overflow:visible;font:11px system-ui,sans-serif`,
  );
  return shortNumbers(svg.outerHTML);
}

/** Pixels that the longest of `labels` takes, including its distance from the axis; at least `least`. */
export function labelRoom(labels: readonly string[], least: number): number {
  return Math.max(least, ...labels.map((label) => Math.ceil(textWidth(label) + 12)));
}

/** Approximate width of a text in a wide 11 px sans-serif font, since there is no browser to measure it. */
export function textWidth(text: string): number {
  const width = (letter: string) =>
    /[\u1100-\uffff]/.test(letter) ? 11 : /[A-Zmw%@]/.test(letter) ? 9 : /[fijlrt.,:;'’ ]/.test(letter) ? 4 : 6.5;
  return [...text].reduce((sum, letter) => sum + width(letter), 0);
}

/** Rounds coordinates to two decimals, which saves two thirds of the size. */
function shortNumbers(svg: string): string {
  return svg.replace(
    /( (?:d|transform|x|y|x1|x2|y1|y2|width|height|cx|cy|r)=")([^"]*)(")/g,
    (_, before, numbers, after) =>
      before + numbers.replace(/\d+\.\d{3,}(e-\d+)?/g, (n: string) => String(Math.round(Number(n) * 100) / 100)) +
      after,
  );
}

/** Black or white, whichever is more legible on `#rrggbb`. */
export function inkOn(color: string): string {
  return luminance(color) > 0.179 ? "#111" : "#fff";
}

/** Relative luminance of `#rrggbb`, 0 to 1 (WCAG 2). */
export function luminance(color: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = parseInt(color.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** `from` to `to` (`#rrggbb`) at `share` 0 to 1, in sRGB. */
export function mix(from: string, to: string, share: number): string {
  const part = (at: number) => {
    const [a, b] = [from, to].map((c) => parseInt(c.slice(at, at + 2), 16)) as [number, number];
    return Math.round(a + (b - a) * share).toString(16).padStart(2, "0");
  };
  return `#${part(1)}${part(3)}${part(5)}`;
}
