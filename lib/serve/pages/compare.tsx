// Several runs side by side: only the settings and the provenance that differ, and every result.
import type { Compared, ComparedRow } from "../../run/mod.ts";
import { fixed, measured } from "../client/common/format.ts";
import { Problems } from "../client/home/summary.tsx";
import { Badge } from "../client/common/elements.tsx";
import { Frame } from "./frame.tsx";

type Run = Compared["runs"][number];

/** The page at `/compare`. It needs no script. */
export function ComparePage({ compared, problems }: {
  readonly compared: Compared;
  readonly problems: readonly string[];
}) {
  const { runs, settings, made, results } = compared;
  const crumbs = (
    <nav class="crumbs" aria-label="Breadcrumb">
      <a href="/">Runs</a>
      <span aria-current="page">Compare</span>
    </nav>
  );
  return (
    <Frame title="Compare" bar={crumbs}>
      <main id="main" class="home compare" tabindex={-1}>
        <h1>{`Compare ${runs.length} ${runs.length === 1 ? "run" : "runs"}`}</h1>
        <Problems problems={problems} />
        {runs.length >= 2 && (
          <>
            <Part title="Settings that differ" runs={runs} rows={settings} empty="All settings are the same." />
            <Part
              title="Results"
              runs={runs}
              rows={results}
              empty="No run has results yet."
              remark="Below each value is its difference from the first run's. It has no interval: the runs were scored separately."
              isResult
            />
            <Part title="What made them" runs={runs} rows={made} empty="The runs were made alike." />
          </>
        )}
      </main>
    </Frame>
  );
}

function Part({ title, runs, rows, empty, remark, isResult = false }: {
  readonly title: string;
  readonly runs: readonly Run[];
  readonly rows: readonly ComparedRow<unknown>[];
  readonly empty: string;
  readonly remark?: string;
  readonly isResult?: boolean;
}) {
  return (
    <section class="card compared" aria-label={title}>
      <h2>{title}</h2>
      {rows.length === 0 ? <p class="muted">{empty}</p> : (
        <>
          {remark !== undefined && <p class="muted">{remark}</p>}
          <div class="table-box" role="region" aria-label={title} tabindex={0}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{isResult ? "Result" : "Key"}</th>
                  {runs.map((run) => (
                    <th key={run.id} scope="col" title={run.id} class={isResult ? "number" : ""}>
                      <a href={`/runs/${encodeURIComponent(run.id)}`}>{run.title || run.id}</a>{" "}
                      {run.status !== "done" && <Badge status={run.status} />}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => isResult ? <ResultRow key={row.key} row={row} /> : <Row key={row.key} row={row} />)}
              </tbody>
            </table>
          </div>
        </>
      )}
    </section>
  );
}

function Row({ row: { key, values } }: { readonly row: ComparedRow<unknown> }) {
  return (
    <tr>
      <th scope="row">{key}</th>
      {values.map((value, i) => <td key={String(i)} class="text">{textOf(value)}</td>)}
    </tr>
  );
}

function textOf(value: unknown): string {
  if (value === undefined) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The best value is marked if they differ and the measure says what is better. */
function ResultRow({ row: { key, values, better } }: { readonly row: ComparedRow<unknown> }) {
  const numbers = values.filter((value) => typeof value === "number");
  const best = better === undefined || new Set(numbers).size < 2
    ? undefined
    : better === "lower"
    ? Math.min(...numbers)
    : Math.max(...numbers);
  const [first] = values;
  return (
    <tr>
      <th scope="row">{key}</th>
      {values.map((value, i) => (
        <td key={String(i)} class={value !== undefined && value === best ? "number best" : "number"}>
          {typeof value === "number" ? measured(value) : "–"}
          {i > 0 && typeof value === "number" && typeof first === "number" && (
            <small class="muted difference">{signed(value - first)}</small>
          )}
        </td>
      ))}
    </tr>
  );
}

function signed(difference: number): string {
  if (difference === 0) return "same";
  const digits = Math.abs(difference) >= 100 ? 0 : Math.abs(difference) >= 0.01 ? 3 : 5;
  return `${difference > 0 ? "+" : ""}${fixed(difference, digits)}`;
}
