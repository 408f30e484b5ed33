// Several runs, or cells of one, side by side: curves, results, and what differs in settings, provenance and output.
import type { Compared, ComparedResults, ComparedRow } from "../../run/mod.ts";
import type { Assets } from "../assets.ts";
import { ShortText } from "../client/common/elements.tsx";
import { shortTexts } from "../client/common/short-texts.ts";
import { ROW_LETTERS } from "../client/common/table-view.tsx";
import type { ComparedCurves } from "../client/compare/curves.ts";
import { compareAddress, type CompareView, PICTURE_PATH } from "../client/compare/view.ts";
import { Problems } from "../client/home/summary.tsx";
import type { ComparedLines } from "../compare/gather.ts";
import { LinesPart } from "./compare-lines.tsx";
import { Head, Part, type ShownColumn } from "./compare-parts.tsx";
import { ResultsPart } from "./compare-results.tsx";
import { Frame } from "./frame.tsx";

/** What the page shows. */
export interface ComparePageProps {
  readonly assets: Assets;
  readonly view: CompareView;
  readonly problems: readonly string[];
  /** Undefined if there are not two things to compare. */
  readonly shown: ShownComparison | undefined;
  /** Cells that the only run has to compare; empty for several runs. */
  readonly cells: readonly { readonly name: string; readonly title: string; readonly chosen: boolean }[];
  /** The title of the only run. */
  readonly runTitle: string | undefined;
}

/** A comparison. */
export interface ShownComparison {
  readonly compared: Compared;
  readonly results: ComparedResults;
  /** What tells the columns apart, for each. */
  readonly labels: readonly string[];
  /** Undefined if no curve was logged. */
  readonly curves: ComparedCurves | undefined;
  /** How many runs are under way. */
  readonly underWay: number;
  /** Undefined for cells. */
  readonly lines: ComparedLines | undefined;
}

/** The page at `/compare`. Without a script its curves are a picture. */
export function ComparePage({ assets, view, problems, shown, cells, runTitle }: ComparePageProps) {
  const crumbs = (
    <nav class="crumbs" aria-label="Breadcrumb">
      <a href="/">Runs</a>
      {runTitle !== undefined && <a href={`/runs/${encodeURIComponent(view.runs[0]!)}`}>{runTitle}</a>}
      <span aria-current="page">Compare</span>
    </nav>
  );
  return (
    <Frame title="Compare" script={{ page: "compare", assets }} bar={crumbs}>
      <main id="main" class="home compare" tabindex={-1}>
        <h1>{headingOf(shown, runTitle)}</h1>
        <Problems problems={problems} />
        {cells.length > 0 && <CellChoice run={view.runs[0]!} cells={cells} />}
        {shown !== undefined && <Shown shown={shown} view={view} ofCells={runTitle !== undefined} />}
      </main>
    </Frame>
  );
}

function headingOf(shown: ShownComparison | undefined, runTitle: string | undefined): string {
  const count = shown?.compared.columns.length ?? 0;
  if (runTitle !== undefined) return `Compare ${count === 0 ? "" : `${count} `}cells of ${runTitle}`;
  return count === 0 ? "Compare runs" : `Compare ${count} runs`;
}

function Shown({ shown, view, ofCells }: {
  readonly shown: ShownComparison;
  readonly view: CompareView;
  readonly ofCells: boolean;
}) {
  const { compared, results, labels, curves, underWay, lines } = shown;
  const columns = compared.columns.map(({ id, title, status, index }, i): ShownColumn => ({
    id,
    status,
    title: title || id,
    label: labels[i]! === title ? "" : labels[i]!,
    address: index === undefined
      ? `/runs/${encodeURIComponent(id)}`
      : `/runs/${encodeURIComponent(view.runs[0]!)}#cell-${index}`,
    first: i === 0 ? undefined : compareAddress(withFirst(view, id, ofCells)),
  }));
  return (
    <>
      {underWay > 0 && (
        <p class="notice">
          {`${underWay} of the runs ${
            underWay === 1 ? "is" : "are"
          } under way: curves follow them, and the tables are ` +
            "those of when the page was loaded."}
        </p>
      )}
      <Part title="Curves">
        {curves === undefined
          ? <p class="muted">No curves were logged.</p>
          : (
            <div id="curves" data-curves={JSON.stringify(curves)}>
              <noscript>
                <div class="table-box" role="region" aria-label="Picture of the curves" tabindex={0}>
                  <img
                    class="curves-picture"
                    src={compareAddress(view, PICTURE_PATH)}
                    alt={`Curves of ${curves.runs.map(({ label }) => label).join("; ")}`}
                  />
                </div>
                <p class="muted">
                  Without JavaScript curves are a picture. <a href={csvAddress(view)}>All points as CSV</a>
                </p>
              </noscript>
            </div>
          )}
      </Part>
      <ResultsPart results={results} columns={columns} />
      <DifferencesPart
        title={ofCells ? "Facts that differ" : "Settings that differ"}
        columns={columns}
        rows={compared.settings}
        empty={ofCells ? "All facts are the same." : "All settings are the same."}
      />
      <DifferencesPart
        title="Provenance that differs"
        columns={columns}
        rows={compared.made}
        empty={ofCells ? "The cells were made alike." : "The runs were made alike."}
      />
      {lines !== undefined && <LinesPart lines={lines} view={view} />}
    </>
  );
}

/** The same comparison with another one first, which the others are compared with. */
function withFirst(view: CompareView, id: string, ofCells: boolean): CompareView {
  const first = (all: readonly string[]) => [id, ...all.filter((one) => one !== id)];
  const { other: _, ...rest } = view;
  return ofCells ? { ...view, cells: first(view.cells) } : { ...rest, runs: first(view.runs) };
}

function csvAddress({ runs, cells }: CompareView): string {
  return `/api/series.csv?${new URLSearchParams([
    ...runs.map((id) => ["run", id]),
    ...cells.map((name) => ["cell", name]),
  ])}`;
}

function DifferencesPart({ title, columns, rows, empty }: {
  readonly title: string;
  readonly columns: readonly ShownColumn[];
  readonly rows: readonly ComparedRow[];
  readonly empty: string;
}) {
  const keys = shortTexts(rows.map(({ key }) => key), ROW_LETTERS);
  return (
    <Part title={title}>
      {rows.length === 0
        ? <p class="muted">{empty}</p>
        : (
          <div class="table-box" role="region" aria-label={title} tabindex={0}>
            <table>
              <Head title="Key" columns={columns} />
              <tbody>
                {rows.map(({ key, values }) => (
                  <tr key={key}>
                    <th scope="row">
                      <ShortText text={key} short={keys.get(key)!} />
                    </th>
                    {values.map((value, i) => <td key={String(i)} class="text">{textOf(value)}</td>)}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
    </Part>
  );
}

function textOf(value: unknown): string {
  if (value === undefined) return "–";
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value.join(", ");
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Which cells are compared; needs no script. */
function CellChoice({ run, cells }: { readonly run: string; readonly cells: ComparePageProps["cells"] }) {
  return (
    <form class="field cell-choice" action="/compare" method="get">
      <input type="hidden" name="run" value={run} />
      {cells.map(({ name, title, chosen }) => (
        <label key={name}>
          <input type="checkbox" name="cell" value={name} checked={chosen} /> {title || name}
        </label>
      ))}
      <button type="submit" class="button quiet">Compare</button>
    </form>
  );
}
