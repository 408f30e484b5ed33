// A panel as an image of its own, for pages whose content security policy allows no inline styles.
import { parseHTML } from "linkedom";

/** Text and axes take this color; on dark pages the other. */
export const INK = "svg{color:#1d2129}@media (prefers-color-scheme:dark){svg{color:#e6e8ec}}";
/** Labels may stand this many pixels outside of the plot. */
const MARGIN = 8;

/** An SVG document that can be the source of an `<img>`, with its size in pixels and a text that stands for it. */
export interface PanelImage {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
  readonly label: string;
}

/** A panel of a figure as an image. */
export function panelImage(panel: string): PanelImage {
  const { document } = parseHTML(panel);
  const svg = document.querySelector("svg")!;
  const [width, height] = ["width", "height"].map((name) => Number(svg.getAttribute(name)) + 2 * MARGIN) as [
    number,
    number,
  ];
  const label = svg.getAttribute("aria-label") ?? "";
  // The image's own text says it, and in XML it could not have a `<` as it has here.
  svg.removeAttribute("aria-label");
  svg.setAttribute("width", String(width));
  svg.setAttribute("height", String(height));
  svg.setAttribute("viewBox", `${-MARGIN} ${-MARGIN} ${width} ${height}`);
  svg.setAttribute("style", "font:11px system-ui,sans-serif");
  const style = document.createElement("style");
  style.textContent = INK;
  svg.prepend(style);
  return { svg: svg.outerHTML, width, height, label };
}
