// The table of runs: its view is its URL; rows are asked for as they scroll into view, and again every few seconds.
import { useRef, useState } from "hono/jsx";
import { render } from "hono/jsx/dom";
import { parseTableView, tableQuery, type TableView } from "../../../run/view/mod.ts";
import type { TableNames } from "../../schemas.ts";
import { showConnection } from "../common/connection.ts";
import { byId } from "../common/dom.ts";
import { useEffect } from "../common/effect.ts";
import { getJson, getSession, RefusedError } from "../common/session.ts";
import { ColumnsMenu } from "./columns.tsx";
import { FilterField } from "./filter.tsx";
import { GroupMenu } from "./group-menu.tsx";
import { type Rows, rowsSource } from "./rows.ts";
import { SelectionBar, Undo } from "./selection.tsx";
import { countText, NoRows, noticesOf, Problems } from "./summary.tsx";
import { Sweeps } from "./sweeps.tsx";
import { ROW_HEIGHT, RunTable, type TableActions } from "./table.tsx";

const REFRESH_MS = 2_500;
/** In pixels, as in the style sheet. */
const PHONE_WIDTH = 640;

const connection = byId("connection");

/** The view of the address, and what in it cannot be read. */
const viewOfAddress = () => parseTableView(new URLSearchParams(location.search));

/** The part of a view that differs from the one that it was made of. */
const changedIn = (to: TableView, from: TableView): Partial<TableView> =>
  Object.fromEntries(Object.entries(to).filter(([key, value]) => from[key as keyof TableView] !== value));

function App() {
  const [{ view, problems }, setView] = useState(viewOfAddress());
  const [rows, setRows] = useState<Rows | undefined>(undefined);
  /** Why the server did not give the rows that were asked for last. */
  const [fault, setFault] = useState<string | undefined>(undefined);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [names, setNames] = useState<TableNames["names"]>([]);
  const [mayEdit, setMayEdit] = useState(false);
  const [round, setRound] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const source = useRef(rowsSource());
  /** How many answers are waited for. */
  const waiting = useRef(0);
  /** The view that was asked for last, which may not have been drawn yet. */
  const latest = useRef(view);

  const load = async () => {
    const element = box.current;
    const first = element === null ? 0 : Math.floor(element.scrollTop / ROW_HEIGHT);
    const count = Math.ceil((element?.clientHeight || innerHeight) / ROW_HEIGHT) + 1;
    waiting.current!++;
    try {
      const now = await source.current!.load(view, first, count);
      // Undefined: nothing has changed, or another view was asked for meanwhile.
      if (now !== undefined) setRows(now);
      setFault(undefined);
      showConnection(connection, "live");
    } catch (error) {
      const isThere = error instanceof RefusedError;
      setFault(isThere ? error.message : undefined);
      showConnection(connection, isThere ? "live" : "reconnecting");
    } finally {
      waiting.current!--;
    }
  };
  const again = () => {
    setRound((before) => before + 1);
    return load();
  };

  useEffect(() => {
    load();
    // A newer question voids the answer to the one before: a slow server must not be asked again and again.
    const timer = setInterval(() => document.hidden || waiting.current! > 0 || again(), REFRESH_MS);
    return () => clearInterval(timer);
  }, [tableQuery(view)]);
  useEffect(() => {
    const back = () => show(viewOfAddress());
    addEventListener("popstate", back);
    getJson<TableNames>("/api/table/names").then((answer) => setNames(answer.names), () => {});
    getSession().then(({ edit }) => setMayEdit(edit), () => {});
    return () => removeEventListener("popstate", back);
  }, []);

  const show = (now: ReturnType<typeof viewOfAddress>) => {
    latest.current = now.view;
    setView(now);
  };
  /** Goes to views that are made of `from`, which may be older than the latest: only what differs from it counts. */
  const goFrom = (from: TableView) => (to: TableView, replace = false) => {
    const next = { ...latest.current!, ...changedIn(to, from), offset: 0 };
    history[replace ? "replaceState" : "pushState"](null, "", tableQuery(next) || location.pathname);
    if (box.current !== null && next.filter !== view.filter) box.current.scrollTop = 0;
    show({ view: next, problems: [] });
  };
  const go = goFrom(view);
  const select = (runs: readonly string[], on: boolean) => {
    const next = new Set(selected);
    for (const id of runs) on ? next.add(id) : next.delete(id);
    setSelected(next);
  };
  const actions: Omit<TableActions, "go"> = {
    selected,
    select,
    async selectAll(on) {
      if (!on) return setSelected(new Set());
      const { runs } = await getJson<{ runs: string[] }>(`/api/table/ids${tableQuery(view)}`);
      setSelected(new Set(runs));
    },
  };

  if (rows === undefined) {
    return fault === undefined ? <p class="lead">Loading</p> : <p class="error" role="alert">{fault}</p>;
  }
  const { shown } = rows;
  return (
    <>
      <p class="lead" id="count" role="status">
        {countText(shown)} <a href="/reports">Reports</a> <a href="/trash">Trash</a>
      </p>
      <Sweeps round={round} />
      {shown.total > 0 && (
        <div class="field filters">
          <FilterField view={view} names={names} go={go} />
          <GroupMenu view={view} go={go} />
          <ColumnsMenu view={view} names={names} shown={shown} go={go} />
        </div>
      )}
      <Problems problems={[...(fault === undefined ? [] : [fault]), ...problems, ...noticesOf(shown)]} />
      {shown.rowCount === 0 ? <NoRows shown={shown} /> : (
        <div
          class="run-table-box"
          role="region"
          aria-label="Runs"
          tabindex={0}
          ref={box}
          onScroll={() => load()}
        >
          <RunTable
            view={rows.view}
            shown={shown}
            narrow={innerWidth <= PHONE_WIDTH}
            actions={{ ...actions, go: goFrom(rows.view) }}
          />
        </div>
      )}
      <SelectionBar
        selected={selected}
        mayEdit={mayEdit}
        clear={() => setSelected(new Set())}
        changed={again}
      />
      {mayEdit && <Undo round={round} changed={again} />}
    </>
  );
}

render(<App />, byId("app"));
