// Every report and every page of gates: of several runs, of sweeps, of single runs. It needs no script.
import { type SharedReport, tableQuery, type TableRow, type TableView } from "../../run/mod.ts";
import { Problems } from "../client/home/summary.tsx";
import type { SweepListResponse } from "../schemas.ts";
import { Crumbs, Frame } from "./frame.tsx";

/** Runs that are looked at, at a time. */
export const PAGE_RUNS = 100;

/** A run with the pages that it has. */
export interface ReportedRun extends Pick<TableRow & { kind: "run" }, "id" | "title" | "startedAt"> {
  readonly report: boolean;
  readonly gates: boolean;
}

/** What the page shows. */
export interface ReportsProps {
  readonly reports: readonly SharedReport[];
  readonly sweeps: readonly SweepListResponse["sweeps"][number][];
  readonly runs: readonly ReportedRun[];
  /** Which of `total` runs were looked at. */
  readonly view: TableView;
  readonly total: number;
  readonly problems: readonly string[];
}

/** The page at `/reports`. */
export function ReportsPage({ reports, sweeps, runs, view, total, problems }: ReportsProps) {
  return (
    <Frame title="Reports" bar={<Crumbs here="Reports" />}>
      <main id="main" class="home reports-page" tabindex={-1}>
        <h1>Reports</h1>
        <p class="lead">Each report is a single page without scripts that you can save and send.</p>
        <Problems problems={problems} />
        <section class="card listed" aria-labelledby="several">
          <h2 id="several">Several seeds</h2>
          {reports.length === 0
            ? (
              <p class="muted">
                None yet: an experiment with <code>--seeds 1,2,3</code> writes one.
              </p>
            )
            : <ul>{reports.map((report) => <Shared key={report.name} report={report} />)}</ul>}
        </section>
        <section class="card listed" aria-labelledby="sweeps-title">
          <h2 id="sweeps-title">Sweeps</h2>
          {sweeps.length === 0
            ? (
              <p class="muted">
                None yet: <code>deno task sweep</code> writes one at its end.
              </p>
            )
            : (
              <ul>
                {sweeps.map(({ sweep, name, startedAt }) => (
                  <li key={sweep}>
                    <a href={`/api/sweeps/${encodeURIComponent(sweep)}/report`}>{name || sweep}</a>
                    <a href={`/sweeps/${encodeURIComponent(sweep)}`} aria-label={`Trials of ${name || sweep}`}>
                      Trials
                    </a>
                    <Time time={startedAt} />
                  </li>
                ))}
              </ul>
            )}
        </section>
        <section class="card listed" aria-labelledby="runs">
          <h2 id="runs">Runs</h2>
          {runs.length === 0
            ? <p class="muted">{total === 0 ? "There are no runs yet." : "None of these runs has a report."}</p>
            : <ul>{runs.map((run) => <Run key={run.id} run={run} />)}</ul>}
          <Pages view={view} total={total} />
        </section>
      </main>
    </Frame>
  );
}

function Shared({ report: { name, title, runs, time } }: { readonly report: SharedReport }) {
  return (
    <li>
      <a href={`/api/reports/${encodeURIComponent(name)}`}>{title}</a>
      {runs.length >= 2 && (
        <a
          href={`/compare?${new URLSearchParams(runs.map((id) => ["run", id]))}`}
          aria-label={`Compare its ${runs.length} runs: ${title}`}
        >
          {`Compare its ${runs.length} runs`}
        </a>
      )}
      <Time time={time} />
    </li>
  );
}

function Run({ run: { id, title, startedAt, report, gates } }: { readonly run: ReportedRun }) {
  const address = `/api/runs/${encodeURIComponent(id)}`;
  const name = title.trim() || id;
  return (
    <li>
      <a href={`/runs/${encodeURIComponent(id)}`}>{name}</a>
      {report && <a href={`${address}/report`} aria-label={`Report of ${name}, ${id}`}>Report</a>}
      {gates && <a href={`${address}/gates`} aria-label={`Gates of tokens of ${name}, ${id}`}>Gates of tokens</a>}
      <Time time={startedAt} />
    </li>
  );
}

function Time({ time }: { readonly time: string }) {
  return <time class="muted" datetime={time}>{time.slice(0, 16).replace("T", " ")}</time>;
}

/** Links to the runs before and after these. */
function Pages({ view, total }: Pick<ReportsProps, "view" | "total">) {
  const { offset } = view;
  if (total <= PAGE_RUNS && offset === 0) return null;
  const link = (to: number, text: string) => <a href={`/reports${tableQuery({ ...view, offset: to })}`}>{text}</a>;
  return (
    <p class="muted">
      {offset > 0 && link(Math.max(0, offset - PAGE_RUNS), "Previous runs")}
      {` Runs ${Math.min(offset + 1, total)} to ${
        Math.min(offset + PAGE_RUNS, total)
      } of ${total} were checked for reports. `}
      {offset + PAGE_RUNS < total && link(offset + PAGE_RUNS, "More runs")}
    </p>
  );
}
