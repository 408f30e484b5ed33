// What people chose on the page of a sweep, as it is in its URL. Pure.

/** A part of an axis of the figure, from 0, its bottom, to 1, its top. */
export type Share = readonly [from: number, to: number];

/** What is shown. */
export interface SweepPageView {
  /** What trials are compared by; empty: the sweep's own metric. */
  readonly metric: string;
  /** The column that the table is sorted by; empty: best first. */
  readonly sort: string;
  readonly descending: boolean;
  /** The setting of the scatter plot; empty: the first. */
  readonly by: string;
  /** Selected parts of axes, by the axis's title. */
  readonly brushes: ReadonlyMap<string, Share>;
}

/** The view in the query of a URL, and what in it cannot be read; the rest counts. */
export function readView(query: string): { readonly view: SweepPageView; readonly faults: readonly string[] } {
  const given = new URLSearchParams(query);
  const sort = given.get("sort") ?? "";
  const faults: string[] = [];
  const brushes = new Map<string, Share>();
  for (const text of given.getAll("brush")) {
    const [, title, from, to] = text.match(/^(.+):([\d.]+):([\d.]+)$/s) ?? [];
    const share: Share = [Number(from), Number(to)];
    if (title !== undefined && share[0] < share[1] && share[1] <= 1) brushes.set(title, share);
    else {
      faults.push(
        `Cannot read brush=${text} in the address: expected <axis>:<from>:<to> with shares from 0 to 1, ` +
          "such as train.lr:0.2:0.6",
      );
    }
  }
  const view = {
    metric: given.get("metric") ?? "",
    sort: sort.replace(/^-/, ""),
    descending: sort.startsWith("-"),
    by: given.get("by") ?? "",
    brushes,
  };
  return { view, faults };
}

/** What a sweep has that a view can name. */
export interface SweepNames {
  /** Keys of columns. */
  readonly columns: readonly string[];
  /** Titles of the axes of settings. */
  readonly settings: readonly string[];
  readonly metric: string;
}

/** What a view names and the sweep does not have; the rest counts. */
export function unknownNames(
  { sort, by, brushes }: SweepPageView,
  { columns, settings, metric }: SweepNames,
): string[] {
  const axes = [...settings, metric];
  const unknown = (parameter: string, what: string, name: string, known: readonly string[]) =>
    known.includes(name)
      ? []
      : [`The address says ${parameter}=${name}, but this sweep has no such ${what}: expected ${known.join(", ")}`];
  return [
    ...(sort === "" ? [] : unknown("sort", "column", sort, columns)),
    ...(by === "" ? [] : unknown("by", "setting", by, settings)),
    ...[...brushes.keys()].flatMap((title) => unknown("brush", "axis", title, axes)),
  ];
}

/** The query of a view, with its `?`; empty for the view that one begins with. */
export function queryOf({ metric, sort, descending, by, brushes }: SweepPageView): string {
  const query = new URLSearchParams();
  if (metric !== "") query.set("metric", metric);
  if (sort !== "") query.set("sort", descending ? `-${sort}` : sort);
  if (by !== "") query.set("by", by);
  for (const [title, share] of brushes) {
    query.append(
      "brush",
      [title, ...share.map((one) => Number(one.toFixed(3)))].join(":"),
    );
  }
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}
