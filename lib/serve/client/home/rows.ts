// Rows of the table from the server: those in view and some around them, asked for again only where they may have changed.
import type { TableRow, TableWindow } from "../../../run/mod.ts";
import { tableQuery, type TableView } from "../../../run/view/mod.ts";
import type { SentWindow } from "../../schemas.ts";
import { refusalOf } from "../common/session.ts";

/** Rows that are there. */
export interface Rows {
  /** The view that they are of. */
  readonly view: TableView;
  readonly shown: TableWindow;
}

/** Asks the server for rows. */
export interface RowsSource {
  /**
   * The rows around those in view; undefined when they are as they were, or when other rows were asked for meanwhile.
   *
   * @throws RefusedError when the server cannot give them, and TypeError when it does not answer
   */
  load(view: TableView, first: number, count: number): Promise<Rows | undefined>;
}

/** Rows on both sides of those in view, so that scrolling a little needs no request. */
const AROUND = 20;

/** A source that remembers its last answer: only rows that have changed are sent again. */
export function rowsSource(): RowsSource {
  let last: { readonly address: string; readonly version: string; readonly rows: readonly TableRow[] } | undefined;
  let asked = 0;
  return {
    async load(view, first, count) {
      // Whole steps, so that scrolling within one asks for the same rows.
      const offset = Math.max(0, Math.floor(first / AROUND) * AROUND - AROUND);
      const limit = count + 3 * AROUND;
      const query = tableQuery({ ...view, offset });
      const address = `/api/table${query}${query === "" ? "?" : "&"}limit=${limit}`;
      const mine = ++asked;
      // Scrolling keeps most rows, and so does a run that goes on.
      const since = last === undefined ? "" : `&since=${last.version}`;
      const headers = last?.address === address ? { "if-none-match": `"${last.version}"` } : {};
      const before = last?.rows ?? [];
      const response = await fetch(`${address}${since}`, { headers });
      if (response.status === 304) return undefined;
      if (!response.ok) throw await refusalOf(response);
      const { version, ...answer } = await response.json() as SentWindow;
      if (mine !== asked) return undefined;
      const rows = answer.rows.map((row) => typeof row === "number" ? before[row]! : row);
      last = { address, version, rows };
      return { view, shown: { ...answer, rows } };
    },
  };
}
