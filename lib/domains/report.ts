// The report of a clustering as a self-contained HTML page.
import { join } from "node:path";
import { escapeHtml, figureHtml, gridHtml, gridOf, pageFrame } from "../report/mod.ts";
import { writeTextAtomically } from "../run/mod.ts";
import type { ClusterDescription, Clustering } from "./description.ts";
import type { FitFacts } from "./fit.ts";
import { mapFigure } from "./map.ts";
import { clusteringFacts, clustersTable, overlapTable } from "./tables.ts";

/** Name of the report in the folder of a clustering, and of the map's points. */
export const REPORT_FILE = "report.html";
const MAP_FILE = "map.json";

/** Writes the report, and the points of its map. */
export async function writeDiscoveryReport(
  folder: string,
  clustering: Clustering,
  map: FitFacts["map"],
): Promise<void> {
  await writeTextAtomically(join(folder, MAP_FILE), `${JSON.stringify(map)}\n`);
  await writeTextAtomically(join(folder, REPORT_FILE), discoveryHtml(clustering, map));
}

/** The page. */
export function discoveryHtml(clustering: Clustering, map: FitFacts["map"]): string {
  const { settings, clusters } = clustering;
  const names = clusters.map(({ name }) => name);
  const meta = [settings.files.join(" "), `features ${settings.features}`, `seed ${settings.seed}`];
  const facts = clusteringFacts(clustering).map((fact) => `<li>${escapeHtml(fact)}</li>`);
  return pageFrame(
    "Discovered domains",
    `<header><h1>Discovered domains</h1>
<p class="meta">${meta.map((part) => `<span>${escapeHtml(part)}</span>`).join("")}</p></header>
<section><h2>Clusters</h2><ul class="notes">${facts.join("")}</ul>
${gridHtml(gridOf(clustersTable(clustering, 3)))}
${figureHtml(mapFigure(names, map), 1)}</section>
<section><h2>Overlap</h2>${gridHtml(gridOf(overlapTable(clustering)))}</section>
<section><h2>Typical documents</h2>${clusters.map(typicalHtml).join("\n")}</section>`,
    ".text { font-size: .85rem; margin: .3rem 0; } .text small { color: var(--soft); font-family: system-ui, sans-serif; }",
  );
}

function typicalHtml({ name, topTerms, typical }: ClusterDescription): string {
  const texts = typical.map(({ id, text }) =>
    `<p class="text">${escapeHtml(text)} <small>${escapeHtml(id)}</small></p>`
  );
  return `<article class="cell"><h3>${escapeHtml(name)}</h3><p class="facts">${escapeHtml(topTerms.join(" "))}</p>` +
    `${texts.join("")}</article>`;
}
