// The cells of the notebook: the one that runs in full, the others as a line that opens.
import type { CellView, RunView } from "../../../run/mod.ts";
import { jobText, secondsLeft, shownStatus } from "../../../run/view/mod.ts";
import { Badge } from "../common/elements.tsx";
import { bytes, clock, duration } from "../common/format.ts";
import { TableView } from "../common/table-view.tsx";
import { folderOf } from "./artifact-folder.ts";
import { CellChart } from "./charts.tsx";
import { GateMap } from "./gate-map.tsx";
import { Groups } from "./groups.tsx";
import { Note } from "./notes.tsx";
import { Readings } from "./readings.tsx";

interface CellProps {
  readonly cell: CellView;
  /** From 1. */
  readonly index: number;
  readonly run: RunView;
  /** The folder that the server serves. */
  readonly runsFolder: string;
}

/** A running cell. @param now milliseconds */
export function CellCard({ cell, index, run, runsFolder, now }: CellProps & { readonly now: number }) {
  const { status, startedAt, name, title } = cell;
  const seconds = startedAt === null ? 0 : Math.max(0, (now - Date.parse(startedAt)) / 1000);
  const left = secondsLeft(cell, now);
  return (
    <article
      class="cell"
      id={`cell-${index}`}
      data-status={status}
      aria-labelledby={`title-${index}`}
      aria-current="step"
    >
      <span class="gutter" aria-hidden="true">{`[${index}]`}</span>
      <div class="card">
        <header>
          <h2 id={`title-${index}`}>{title}</h2>
          <code class="chip">{name}</code>
          <Job cell={cell} />
          <span class="how">
            <span class="elapsed">{`${clock(seconds)}${left === undefined ? "" : ` · ${clock(left)} left`}`}</span>
            <Badge status={status} />
          </span>
        </header>
        <Body cell={cell} run={run} runsFolder={runsFolder} />
      </div>
    </article>
  );
}

interface RowProps extends CellProps {
  readonly open: boolean;
  readonly onToggle: (open: boolean) => void;
}

/** A cell that does not run: its result in one line, and everything else when it is opened. */
export function CellRow({ cell, index, run, runsFolder, open, onToggle }: RowProps) {
  const { name, title, seconds, summary, notes } = cell;
  const status = shownStatus(cell, run);
  const troubles = notes.filter(({ level }) => level !== "info").length;
  const line = (
    <>
      <h2 id={`title-${index}`}>{title}</h2>
      <code class="chip">{name}</code>
      <Job cell={cell} />
      <span class="how">
        {troubles > 0 && <span class="troubles">{`${troubles} ${troubles === 1 ? "warning" : "warnings"}`}</span>}
        <span class="elapsed">{seconds === null ? "" : duration(seconds)}</span>
        <Badge status={status} />
      </span>
    </>
  );
  return (
    <article class="cell" id={`cell-${index}`} data-status={status} aria-labelledby={`title-${index}`}>
      <span class="gutter" aria-hidden="true">{`[${index}]`}</span>
      {status === "planned"
        ? (
          <div class="card">
            <header>{line}</header>
          </div>
        )
        : (
          <details
            class="card"
            open={open}
            onToggle={(event: Event) => onToggle((event.currentTarget as HTMLDetailsElement).open)}
          >
            <summary>
              <header>{line}</header>
              {summary !== "" && <p class="summary">{summary}</p>}
            </summary>
            {open && <Body cell={cell} run={run} runsFolder={runsFolder} />}
          </details>
        )}
    </article>
  );
}

/** What a cell logged. */
function Body({ cell, run, runsFolder }: Pick<CellProps, "cell" | "run" | "runsFolder">) {
  const { description, notes, tables, artifacts } = cell;
  return (
    <div class="body">
      {description !== "" && <p class="description">{description}</p>}
      <Origin cell={cell} run={run} />
      <Readings cell={cell} run={run} />
      <CellChart cell={cell} run={run} />
      <GateMap cell={cell} />
      <Groups cell={cell} />
      {notes.length > 0 && <ul class="notes">{notes.map((note, i) => <Note key={i} note={note} />)}</ul>}
      {tables.map((table, i) =>
        table.rows.length <= LONG_TABLE ? <TableView key={i} table={table} /> : (
          <details key={i} class="folded">
            <summary>{`${table.title} (${table.rows.length} rows)`}</summary>
            <TableView table={table} />
          </details>
        )
      )}
      {artifacts.length > 0 && (
        <details class="folded">
          <summary>{`${artifacts.length} ${artifacts.length === 1 ? "file" : "files"}`}</summary>
          <p class="muted">
            in <code>{folderOf(artifacts[0]!, runsFolder)}</code>
          </p>
          <ul>
            {artifacts.map(({ name, bytes: size, sha256 }) => (
              <li key={name}>
                <a href={`/api/runs/${encodeURIComponent(run.id)}/artifacts/${sha256}`} title={`sha256 ${sha256}`}>
                  <code>{name}</code>
                </a>
                {` · ${bytes(size)}`}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

/** Tables with more rows are folded: most of them are drawn as figures. */
const LONG_TABLE = 12;

/** Where the job of a cell is on a cluster: on which node, or why it waits. */
function Job({ cell: { job } }: { readonly cell: CellView }) {
  return job === null ? null : <span class="job" data-state={job.state}>{jobText(job)}</span>;
}

/** Which run built a cached cell. */
function Origin({ cell: { status, builtBy }, run }: { readonly cell: CellView; readonly run: RunView }) {
  if (status !== "cached" || builtBy === null || builtBy === run.id) return null;
  return (
    <p class="description">
      Built by the run <a href={`/runs/${encodeURIComponent(builtBy)}`}>{builtBy}</a>, and taken from the cache.
    </p>
  );
}
