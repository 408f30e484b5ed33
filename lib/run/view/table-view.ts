// What a table of runs shows, as its URL says it. Pure: server and browser read and write the same.

/** What rows are grouped by: `seeds` are runs that differ in nothing but their seed. */
export const GROUPINGS = ["seeds", "sweep", "experiment", "preset"] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** A view of the table of runs. */
export interface TableView {
  /** As a person typed it; see `parseFilter()`. */
  readonly filter: string;
  /** A column's key. */
  readonly sort: string;
  readonly descending: boolean;
  /** Keys of columns; undefined: those in which the rows differ. */
  readonly columns: readonly string[] | undefined;
  readonly group: Grouping | undefined;
  /** Keys of the groups whose runs are shown. */
  readonly open: readonly string[];
  /** The first row of a page without JavaScript. */
  readonly offset: number;
}

/** All runs, newest first. */
export const DEFAULT_VIEW: TableView = {
  filter: "",
  sort: "started",
  descending: true,
  columns: undefined,
  group: undefined,
  open: [],
  offset: 0,
};

/** Longest filter, and most columns. */
const LIMITS = { filter: 1_000, columns: 40 };

/** The view of a URL's query. What is malformed is left out, and `problems` says so. */
export function parseTableView(query: URLSearchParams): { readonly view: TableView; readonly problems: string[] } {
  const problems: string[] = [];
  const filter = query.get("filter") ?? "";
  if (filter.length > LIMITS.filter) {
    problems.push(`The filter is longer than ${LIMITS.filter} characters and is ignored`);
  }
  const sort = query.get("sort") ?? "";
  const group = query.get("group") ?? "";
  if (group !== "" && !isGrouping(group)) {
    problems.push(`Cannot group by "${short(group)}": expected ${GROUPINGS.join(", ")}`);
  }
  const listed = query.get("columns");
  const columns = listed === null ? undefined : [...new Set(listed.split(",").filter((key) => key !== ""))];
  if (columns !== undefined && columns.length > LIMITS.columns) {
    problems.push(`The first ${LIMITS.columns} of ${columns.length} columns are shown`);
  }
  const offset = query.get("offset") ?? "0";
  if (!/^\d{1,7}$/.test(offset)) problems.push(`Cannot begin at row "${short(offset)}": expected a whole number`);
  const view = {
    filter: filter.length > LIMITS.filter ? "" : filter,
    sort: sort.replace(/^-/, "") || DEFAULT_VIEW.sort,
    descending: sort === "" ? true : sort.startsWith("-"),
    columns: columns?.slice(0, LIMITS.columns),
    group: isGrouping(group) ? group : undefined,
    open: query.getAll("open"),
    offset: /^\d{1,7}$/.test(offset) ? Number(offset) : 0,
  };
  return { view, problems };
}

/** The query of a view, without what is as usual: `?filter=seed%3A2&sort=-bpb`; empty for the default view. */
export function tableQuery(view: TableView): string {
  const query = new URLSearchParams();
  if (view.filter.trim() !== "") query.set("filter", view.filter.trim());
  if (view.sort !== DEFAULT_VIEW.sort || !view.descending) query.set("sort", (view.descending ? "-" : "") + view.sort);
  if (view.columns !== undefined) query.set("columns", view.columns.join(","));
  if (view.group !== undefined) query.set("group", view.group);
  for (const key of view.open) query.append("open", key);
  if (view.offset > 0) query.set("offset", String(view.offset));
  const text = query.toString().replaceAll("%2C", ",").replaceAll("%2F", "/").replaceAll("%3A", ":");
  return text === "" ? "" : `?${text}`;
}

function isGrouping(text: string): text is Grouping {
  return (GROUPINGS as readonly string[]).includes(text);
}

function short(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
