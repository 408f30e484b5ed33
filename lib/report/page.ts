// The report as a single HTML page without scripts or external resources.
import { type CellView, type RunView, shellLine } from "../run/mod.ts";
import { claims, headline } from "./claims.ts";
import { escapeHtml } from "./escape.ts";
import { curvesFigure, differencesFigure, gatesFigure, lossFigure, matrixFigure, meanFigure } from "./figures.ts";
import { costQualityFigure, parametersFigure, timeFigure } from "./cost-figures.ts";
import { figureHtml } from "./figures/figure-html.ts";
import { filesHtml } from "./files.ts";
import type { Figure } from "./figures/plot.ts";
import { duration } from "./format.ts";
import { gridHtml, gridOf } from "./grid.ts";
import { instabilityFigures } from "./instability.ts";
import { gainsFigure, predictedGainsFigure, rankingTables, rankingVerdict } from "./ranking.ts";
import { named, refinementFigures, refinementVerdict } from "./refinement.ts";
import { type AboutRun, processGrids, settingsGrid } from "./provenance.ts";
import { measureGrids, tableNamed } from "./results.ts";
import { pageFrame } from "./frame.ts";
import { bracketNote, otherTables, statusSentence } from "./summary.ts";
import type { Claim } from "./wording.ts";

/**
 * The whole report of a run as a self-contained HTML page.
 *
 * @param about what is known beside the run's log; with it the page also has all curves and the run's provenance
 */
export function reportHtml(view: RunView, about?: AboutRun): string {
  let figures = 0;
  const figure = (of: Figure | undefined) => of === undefined ? "" : figureHtml(of, ++figures);
  const results = view.results;
  const grids = (of: "scores" | "cost") => results === null ? [] : measureGrids(results, of).map(gridHtml);
  const [first, ...others] = grids("scores");
  const cost = tableNamed(view, "cost");
  const sections = [
    section(
      "Domains that deserve an expert",
      ranking(view) + figure(gainsFigure(view)) + figure(predictedGainsFigure([view])) +
        rankingTables(view).map((table) => gridHtml(gridOf(table))).join("\n"),
    ),
    section("What this run shows", findings(view) + figure(meanFigure(view))),
    section(
      "Results",
      first === undefined ? "" : first + figure(matrixFigure(view)) + figure(differencesFigure(view)) + others.join(""),
    ),
    section("Refinement", refinement(view) + refinementFigures(view).map(figure).join("\n")),
    results === null ? section("Results so far", figure(matrixFigure(view))) : "",
    section(
      "Training",
      figure(lossFigure(view)) + (about === undefined ? "" : folded("Other curves", figure(curvesFigure(view)))),
    ),
    section("Instability", outcomes(view) + instabilityFigures(view).map(figure).join("\n")),
    section("Inside the stitches", figure(gatesFigure(view))),
    section(
      "Cost",
      grids("cost").join("") + (cost ? gridHtml(gridOf(cost)) : "") +
        figure(costQualityFigure(view)) + figure(parametersFigure(view)) + figure(timeFigure(view)),
    ),
    section("More tables", otherTables(view).map((table) => gridHtml(gridOf(table))).join("\n")),
    section("Cells", view.cells.map(cellHtml).join("\n") + notesHtml(view.notes)),
    section("Notes", about === undefined ? "" : labelsHtml(about.labels)),
    section("Provenance", about === undefined ? "" : provenanceHtml(view, about.provenance)),
    section("Reproduce", reproduceHtml(view)),
  ];
  const title = about?.labels.name ?? view.title;
  const meta = [
    `preset ${view.preset}`,
    `seed ${view.seed}`,
    view.device,
    view.startedAt.slice(0, 16).replace("T", " ") + " UTC",
    duration(view.seconds),
    view.id,
  ].map((part) => `<span>${escapeHtml(part)}</span>`).join("");
  return pageFrame(
    `${title} · ${view.id}`,
    `<header>
<h1>${escapeHtml(title)}</h1>
<p class="meta">${meta}</p>
${statusHtml(view)}</header>
${sections.join("")}`,
  );
}

function ranking(view: RunView): string {
  const verdict = rankingVerdict(view);
  return verdict === undefined ? "" : `<p class="lead">${escapeHtml(verdict)}</p>`;
}

function refinement(view: RunView): string {
  const table = tableNamed(view, "refinement");
  if (table === undefined) return "";
  const verdict = refinementVerdict(view);
  return (verdict === undefined ? "" : `<p class="lead">${escapeHtml(verdict)}</p>`) + gridHtml(gridOf(named(table)));
}

function outcomes(view: RunView): string {
  const table = tableNamed(view, "outcomes");
  return table === undefined ? "" : gridHtml(gridOf(table));
}

function section(title: string, body: string): string {
  return body === "" ? "" : `<section><h2>${escapeHtml(title)}</h2>\n${body}</section>\n`;
}

function statusHtml(view: RunView): string {
  const sentence = statusSentence(view);
  if (sentence === undefined) return "";
  const error = view.error === null ? "" : `<pre>${escapeHtml(view.error)}</pre>`;
  return `<div class="status">${escapeHtml(sentence)}${error}</div>\n`;
}

const MARKS: Readonly<Record<Claim["holds"], string>> = { yes: "holds", no: "does not hold", unclear: "unclear" };

function findings(view: RunView): string {
  const found = claims(view), note = bracketNote(found);
  const list = found.map(({ holds, text }) =>
    `<li class="${holds}"><span class="mark">${MARKS[holds]}</span> ${escapeHtml(text)}</li>`
  );
  const lead = headline(view);
  return (lead === undefined ? "" : `<p class="lead">${escapeHtml(lead)}</p>`) +
    (list.length === 0 ? "" : `<ul class="claims">${list.join("\n")}</ul>`) +
    (note === undefined ? "" : `<p class="facts">${escapeHtml(note)}</p>`);
}

function cellHtml(cell: CellView): string {
  const time = cell.seconds === null ? "" : ` · ${duration(cell.seconds)}`;
  const facts = [
    ...(cell.cellKey === "" ? [] : [`key ${cell.cellKey.slice(0, 12)}`]),
    ...(cell.steps === null ? [] : [`${cell.steps} steps`]),
  ];
  return `<article class="cell"><h3>${
    escapeHtml(cell.title)
  } <span class="tag ${cell.status}">${cell.status}${time}</span></h3>` +
    (cell.description === "" ? "" : `<p>${escapeHtml(cell.description)}</p>`) +
    (cell.summary === "" ? "" : `<p class="summary">${escapeHtml(cell.summary)}</p>`) +
    (facts.length === 0 ? "" : `<p class="facts">${facts.map(escapeHtml).join(" · ")}</p>`) +
    filesHtml(cell) + notesHtml(cell.notes) + "</article>";
}

/** What is long and rarely read, collapsed. */
function folded(title: string, body: string): string {
  return body === "" ? "" : `<details><summary>${escapeHtml(title)}</summary>${body}</details>`;
}

function provenanceHtml(view: RunView, provenance: AboutRun["provenance"]): string {
  return processGrids(provenance).map(gridHtml).join("\n") +
    folded("Settings", gridHtml(settingsGrid(view, provenance.at(-1))));
}

/** What people wrote about the run. */
function labelsHtml({ tags, notes }: AboutRun["labels"]): string {
  const list = notes.map(({ time, text }) => `<li>${escapeHtml(`${time.slice(0, 10)}: ${text}`)}</li>`);
  return (tags.length === 0 ? "" : `<p class="facts">${escapeHtml(`Tags: ${tags.join(", ")}`)}</p>`) +
    (list.length === 0 ? "" : `<ul class="notes">${list.join("")}</ul>`);
}

function notesHtml(notes: CellView["notes"]): string {
  if (notes.length === 0) return "";
  return `<ul class="notes">${
    notes.map(({ level, text }) =>
      `<li class="${level}">${level === "info" ? "" : `<b>${level}</b> `}${escapeHtml(text)}</li>`
    )
      .join("")
  }</ul>`;
}

function reproduceHtml(view: RunView): string {
  const versions = Object.entries(view.versions).map(([name, version]) => `${name} ${version}`).join(", ");
  return `<pre>${escapeHtml(shellLine(view.command))}</pre><p class="facts">${escapeHtml(versions)}</p>` +
    `<details><summary>Configuration</summary><pre>${escapeHtml(JSON.stringify(view.config, null, 2))}</pre></details>`;
}
