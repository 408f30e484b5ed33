// Rows of the table from the server: those in view and some around them, asked for again only where they may have changed.
import type { TableWindow } from "../../../run/mod.ts";
import { tableQuery, type TableView } from "../../../run/view/mod.ts";

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
   * @throws Error when the server does not answer
   */
  load(view: TableView, first: number, count: number): Promise<Rows | undefined>;
}

/** Rows on both sides of those in view, so that scrolling a little needs no request. */
const AROUND = 20;

/** A source that remembers the tag of its last answer: unchanged rows cost only headers. */
export function rowsSource(): RowsSource {
  let last: { readonly address: string; readonly tag: string | null } | undefined;
  let asked = 0;
  return {
    async load(view, first, count) {
      // Whole steps, so that scrolling within one asks for the same rows.
      const offset = Math.max(0, Math.floor(first / AROUND) * AROUND - AROUND);
      const limit = count + 3 * AROUND;
      const query = tableQuery({ ...view, offset });
      const address = `/api/table${query}${query === "" ? "?" : "&"}limit=${limit}`;
      const mine = ++asked;
      const known = last?.address === address ? last.tag : null;
      const response = await fetch(address, known === null ? {} : { headers: { "if-none-match": known } });
      if (response.status === 304) return undefined;
      if (!response.ok) throw new Error(`The server answered ${response.status}`);
      const shown = await response.json() as TableWindow;
      if (mine !== asked) return undefined;
      last = { address, tag: response.headers.get("etag") };
      return { view, shown };
    },
  };
}
