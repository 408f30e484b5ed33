// A datamix that shows itself: the share of each domain as a bar.
import { type Datamix, normalizeDatamix } from "../../data/mod.ts";
import { methodColors } from "../../methods.ts";
import { escapeHtml, fixed } from "../../report/mod.ts";
import { type Displayable, displayingNow } from "../display.ts";

/**
 * The shares of a datamix, which sum to 1, as an object that shows itself.
 *
 * @param mix weights by domain, relative to one another
 * @param title what is mixed
 * @throws UserError as `normalizeDatamix()` does
 */
export function datamix(mix: Datamix, title = "Datamix"): Record<string, number> & Displayable {
  const shares = normalizeDatamix(mix, Object.keys(mix));
  const domains = Object.keys(shares);
  const colors = methodColors(domains.map((domain) => `expert:${domain}`));
  return displayingNow({ ...shares }, () => {
    const rows = Object.entries(shares).map(([domain, share]) => {
      const color = colors.get(`expert:${domain}`)!;
      return `<tr><td style="text-align:left">${escapeHtml(domain)}</td><td style="text-align:right">` +
        `${fixed(100 * share, 1)} %</td><td style="text-align:left"><div style="width:${
          (240 * share).toFixed(1)
        }px;height:.8em;background:${color}"></div></td></tr>`;
    });
    return {
      "text/html": `<table style="font:13px system-ui,sans-serif"><caption style="text-align:left">${
        escapeHtml(title)
      }</caption>${rows.join("")}</table>`,
      "text/plain": [
        title,
        ...Object.entries(shares).map(([domain, share]) => `${fixed(100 * share, 1).padStart(6)} % ${domain}`),
      ].join("\n"),
    };
  });
}
