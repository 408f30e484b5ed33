// One run without JavaScript: what it has measured by now.
import { cellLabel } from "../../methods.ts";
import type { CellView, RunView } from "../../run/mod.ts";
import { endReason, finishedCells, isUnderWay, shellLine, shownStatus } from "../../run/view/mod.ts";
import { Badge, Entry } from "../client/common/elements.tsx";
import { duration } from "../client/common/format.ts";
import { TableView } from "../client/common/table-view.tsx";
import { Fault } from "../client/run/fault.tsx";
import { FigureGrid } from "../client/run/figures.tsx";
import { measureTables, textWithInterval } from "../client/run/measure-tables.ts";
import { Note } from "../client/run/notes.tsx";
import { PartOf } from "../client/run/part-of.tsx";
import { Headline } from "../client/run/results.tsx";
import { titleOf } from "../client/run/title.ts";
import type { LabelsResponse, RunResponse, ShownFigure } from "../schemas.ts";
import { Breadcrumb, Frame } from "./frame.tsx";

/** What the page shows. */
export interface PlainRunProps {
  readonly run: RunView;
  readonly labels: LabelsResponse;
  readonly figures: readonly ShownFigure[];
  readonly report: boolean;
  readonly gates: boolean;
  readonly reports: RunResponse["reports"];
  readonly sweep: string | null;
}

/** The page at `/runs/:id/plain`. */
export function PlainRunPage({ run, labels, figures, report, gates, reports, sweep }: PlainRunProps) {
  const { results, cells, notes } = run;
  const ending = endReason(run);
  const title = titleOf(labels, run);
  const address = `/api/runs/${encodeURIComponent(run.id)}`;
  return (
    <Frame title={title} bar={<Breadcrumb />}>
      <main id="main" class="home" tabindex={-1}>
        <div class="title-row">
          <h1>{title}</h1>
          <Badge status={run.status} />
        </div>
        <dl class="facts">
          {run.preset !== "" && <Entry name="Preset">{run.preset}</Entry>}
          <Entry name="Seed">{run.seed ?? "unknown"}</Entry>
          {run.device !== "" && <Entry name="Device">{run.device}</Entry>}
          <Entry name="Started">{run.startedAt}</Entry>
          {run.seconds !== null && <Entry name="Took">{duration(run.seconds)}</Entry>}
          <Entry name="Cells">{`${finishedCells(cells)} of ${cells.length} finished`}</Entry>
          <Entry name="Run">
            <code>{run.id}</code>
          </Entry>
          <PartOf sweep={sweep} reports={reports} />
        </dl>
        {isUnderWay(run) && <p class="notice">This page does not update itself: reload it to see more.</p>}
        {ending !== null && (run.status === "stopped" ? <p class="notice">{ending}</p> : <Fault text={ending} />)}
        {report && (
          <p>
            <a href={`${address}/report`}>Open the report</a>
          </p>
        )}
        {gates && (
          <p>
            <a href={`${address}/gates`}>Gates of tokens</a>
          </p>
        )}
        {labels.tags.length > 0 && <p class="muted">{`Tags: ${labels.tags.join(", ")}`}</p>}
        {notes.length > 0 && <ul class="notes">{notes.map((note, i) => <Note key={i} note={note} />)}</ul>}
        {(results !== null || figures.length > 0) && (
          <section class="card results" aria-label="Results">
            <h2>{results === null ? "Results so far" : "Results"}</h2>
            {results !== null && <Headline results={results} />}
            <FigureGrid figures={figures} />
            {results !== null &&
              measureTables(results).map((table) => (
                <TableView key={table.title} table={table} text={textWithInterval} />
              ))}
          </section>
        )}
        <section class="cell-list" aria-label="Cells">
          {cells.map((cell) => <Cell key={cell.name} cell={cell} status={shownStatus(cell, run)} />)}
        </section>
        <p>
          <code>{shellLine(run.command)}</code>
        </p>
      </main>
    </Frame>
  );
}

function Cell(
  { cell: { name, title, seconds, summary, notes }, status }: { readonly cell: CellView; readonly status: string },
) {
  return (
    <article class="cell" data-status={status}>
      <div class="card">
        <header>
          <h2>{title === "" ? cellLabel(name) : title}</h2>
          <span class="how">
            <span class="elapsed">{seconds === null ? "" : duration(seconds)}</span>
            <Badge status={status} />
          </span>
        </header>
        {summary !== "" && <p class="description">{summary}</p>}
        {notes.length > 0 && <ul class="notes">{notes.map((note, i) => <Note key={i} note={note} />)}</ul>}
      </div>
    </article>
  );
}
