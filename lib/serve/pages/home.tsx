// The table of runs, complete without JavaScript: its script replaces it by one that can be scrolled and changed.
import { tableQuery, type TableView, type TableWindow } from "../../run/mod.ts";
import type { Assets } from "../assets.ts";
import { countText, NoRows, noticesOf, Problems } from "../client/home/summary.tsx";
import { RunTable } from "../client/home/table.tsx";
import { Connection, Frame } from "./frame.tsx";

/** The page at `/`. */
export function HomePage({ assets, view, shown }: {
  readonly assets: Assets;
  readonly view: TableView;
  readonly shown: TableWindow;
}) {
  return (
    <Frame title="Runs" script={{ page: "home", assets }} bar={<Connection />}>
      <main id="main" class="home runs-page" tabindex={-1}>
        <h1>Runs</h1>
        <div id="app">
          <p class="lead">
            {countText(shown)} <a href="/reports">Reports</a> <a href="/trash">Trash</a>
          </p>
          <form class="field filters" action="/" method="get" role="search">
            <label for="plain-filter" class="visually-hidden">Filter</label>
            <input id="plain-filter" type="search" name="filter" value={view.filter} placeholder="seed:2 tag:good" />
            {view.sort !== "started" && (
              <input type="hidden" name="sort" value={(view.descending ? "-" : "") + view.sort} />
            )}
            {view.group !== undefined && <input type="hidden" name="group" value={view.group} />}
            <button type="submit" class="button quiet">Filter</button>
          </form>
          <Problems problems={noticesOf(shown)} />
          {shown.rows.length === 0
            ? <NoRows shown={shown} />
            : (
              <div class="run-table-box" role="region" aria-label="Runs" tabindex={0}>
                <RunTable view={view} shown={shown} />
              </div>
            )}
          <Pages view={view} shown={shown} />
        </div>
      </main>
    </Frame>
  );
}

/** Links to the rows before and after these. */
function Pages({ view, shown }: { readonly view: TableView; readonly shown: TableWindow }) {
  const { offset, rows, rowCount } = shown;
  if (rows.length === rowCount) return null;
  const size = Math.max(rows.length, 1);
  const link = (to: number, text: string) => <a href={tableQuery({ ...view, offset: to }) || "/"}>{text}</a>;
  return (
    <p class="lead">
      {offset > 0 && link(Math.max(0, offset - size), "Earlier rows")}
      {` Rows ${offset + 1} to ${offset + rows.length} of ${rowCount} `}
      {offset + rows.length < rowCount && link(offset + rows.length, "Further rows")}
    </p>
  );
}
