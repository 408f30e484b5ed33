// The results of a run: what the stitched model achieved, the figures, and the tables of measures.
import { useMemo } from "hono/jsx";
import { methodLabel } from "../../../methods.ts";
import type { RunResults, RunView } from "../../../run/mod.ts";
import { headlines } from "../../../run/view/mod.ts";
import { change } from "../common/format.ts";
import { TableView } from "../common/table-view.tsx";
import { FigureGrid, useFigures } from "./figures.tsx";
import { measureTables, textWithInterval } from "./measure-tables.ts";

/** Tables whose numbers the figures show, by the measure in their first column. */
const DRAWN: ReadonlySet<string> = new Set(["bpb", "parameters"]);

/** The results, or while there are none, what is drawn so far; nothing before that. */
export function Results({ address, run }: { readonly address: string; readonly run: RunView }) {
  const figures = useFigures(address, run);
  const { results } = run;
  const tables = useMemo(() => results === null ? [] : measureTables(results), [results]);
  if (results === null && figures.length === 0) return null;
  return (
    <section id="results" class="card results" aria-label="Results">
      <h2>{results === null ? "Results so far" : "Results"}</h2>
      {results !== null && <Headline results={results} />}
      <FigureGrid figures={figures} />
      {tables.map((table) =>
        DRAWN.has(table.name)
          ? (
            <details key={table.title} class="folded">
              <summary>{table.title}</summary>
              <TableView table={table} text={textWithInterval} />
            </details>
          )
          : <TableView key={table.title} table={table} text={textWithInterval} />
      )}
    </section>
  );
}

/** Mean bits per byte of the stitched model, of the seed, and of the best other method. */
export function Headline({ results }: { readonly results: RunResults }) {
  const { seed, bts, ...others } = headlines(results);
  const all = { ...others, ...(seed === undefined ? {} : { seed }), ...(bts === undefined ? {} : { bts }) };
  const [best] = Object.entries(all).sort(([, a], [, b]) => a - b);
  const mean = "mean bits per byte";
  return (
    <dl class="figures">
      {bts !== undefined && (
        <Score name="Stitched model" value={bts} detail={seed === undefined ? mean : `${change(seed, bts)} vs seed`} />
      )}
      {seed !== undefined && <Score name="Seed" value={seed} detail={mean} />}
      {best !== undefined && best[0] !== "bts" && <Score name="Lowest" value={best[1]} detail={methodLabel(best[0])} />}
    </dl>
  );
}

function Score({ name, value, detail }: { readonly name: string; readonly value: number; readonly detail: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value.toFixed(3)}
        <small>{detail}</small>
      </dd>
    </div>
  );
}
