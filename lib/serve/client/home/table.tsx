// The table of runs: one line per run or group, of which only those in view are drawn.
import type { TableCell, TableColumn, TableRow, TableWindow } from "../../../run/mod.ts";
import { tableQuery, type TableView } from "../../../run/view/mod.ts";
import { ShortText } from "../common/elements.tsx";
import { shortTexts } from "../common/short-texts.ts";
import { TAG_LETTERS, Tags } from "./tags.tsx";
import { Value } from "./values.tsx";

/** The height of every row in pixels, as in the style sheet. */
export const ROW_HEIGHT = 34;

/** Letters of the longest text in a column, and of a run's title; the end is cut where letters are wide. */
const [VALUE_LETTERS, TITLE_LETTERS, NARROW_TITLE_LETTERS] = [30, 40, 20];

/** What a reader can do with the table; without it, links lead to pages. */
export interface TableActions {
  readonly selected: ReadonlySet<string>;
  select(runs: readonly string[], on: boolean): void;
  selectAll(on: boolean): void;
  /** Shows another view at once. */
  go(view: TableView): void;
}

/** The rows of a window between empty space for the others. */
export function RunTable({ view, shown, narrow = false, actions }: {
  readonly view: TableView;
  readonly shown: TableWindow;
  /** Whether it is as narrow as on a phone. */
  readonly narrow?: boolean;
  readonly actions?: TableActions;
}) {
  const { columns, rows, rowCount, offset } = shown;
  const above = actions === undefined ? 0 : offset * ROW_HEIGHT;
  const below = actions === undefined ? 0 : Math.max(0, rowCount - offset - rows.length) * ROW_HEIGHT;
  const width = columns.length + (actions === undefined ? 1 : 2);
  const titles = shortTexts(rows.map(labelOf), narrow ? NARROW_TITLE_LETTERS : TITLE_LETTERS);
  const texts = columns.map((column, i) => shortValues(column, rows.map(({ values }) => values[i] ?? null)));
  return (
    <table class="run-table" aria-rowcount={rowCount + 1}>
      <caption class="visually-hidden">Runs</caption>
      <thead>
        <tr aria-rowindex={1}>
          {actions !== undefined && <SelectAll shown={shown} actions={actions} />}
          <Heading column={NAME} view={view} actions={actions} />
          {columns.map((column) => <Heading key={column.key} column={column} view={view} actions={actions} />)}
        </tr>
      </thead>
      <tbody>
        {above > 0 && <Space key="above" height={above} width={width} />}
        {rows.map((row, i) => (
          <Row
            key={row.kind === "run" ? row.id : `group ${row.key}`}
            row={row}
            index={offset + i}
            columns={columns}
            titles={titles}
            texts={texts}
            view={view}
            actions={actions}
          />
        ))}
        {below > 0 && <Space key="below" height={below} width={width} />}
      </tbody>
    </table>
  );
}

const NAME: TableColumn = { key: "name", title: "Run", kind: "text" };

function Space({ height, width }: { readonly height: number; readonly width: number }) {
  return (
    <tr class="space" aria-hidden="true">
      <td colspan={width} style={{ height: `${height}px` }}></td>
    </tr>
  );
}

interface Shared {
  readonly view: TableView;
  readonly actions: TableActions | undefined;
}

/** A link to another view; with actions it does not load a page. */
export function ViewLink({ to, actions, label, expanded, children }: {
  readonly to: TableView;
  readonly actions: Pick<TableActions, "go"> | undefined;
  readonly label?: string;
  readonly expanded?: boolean;
  readonly children?: unknown;
}) {
  const go = actions && ((event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    actions.go(to);
  });
  return (
    <a
      href={tableQuery(to) || "/"}
      {...(go === undefined ? {} : { onClick: go })}
      {...(label === undefined ? {} : { "aria-label": label })}
      {...(expanded === undefined ? {} : { "aria-expanded": String(expanded) })}
    >
      {children as string}
    </a>
  );
}

/** A heading sorts by its column: what is better first, then the other way around. */
function Heading({ column, view, actions }: Shared & { readonly column: TableColumn }) {
  const { key, title, kind, better } = column;
  const current = view.sort === key;
  const first = kind === "time" || better === "higher";
  const to = { ...view, sort: key, descending: current ? !view.descending : first, offset: 0 };
  const arrow = current ? (view.descending ? " ↓" : " ↑") : "";
  return (
    <th
      scope="col"
      class={isNumeric(column) ? "number" : ""}
      {...(current ? { "aria-sort": view.descending ? "descending" : "ascending" } : {})}
      title={better === undefined ? key : `${key}; ${better} is better`}
    >
      <ViewLink to={to} actions={actions}>{`${title}${arrow}`}</ViewLink>
    </th>
  );
}

function isNumeric({ kind }: TableColumn): boolean {
  return kind === "number" || kind === "bytes" || kind === "duration";
}

function SelectAll({ shown, actions }: { readonly shown: TableWindow; readonly actions: TableActions }) {
  const all = actions.selected.size > 0 && actions.selected.size >= shown.matching;
  return (
    <th scope="col" class="check">
      <input
        type="checkbox"
        aria-label={`Select all ${shown.matching} runs`}
        checked={all}
        onClick={(event: MouseEvent) => actions.selectAll((event.target as HTMLInputElement).checked)}
      />
    </th>
  );
}

function Check({ runs, label, actions }: {
  readonly runs: readonly string[];
  readonly label: string;
  readonly actions: TableActions;
}) {
  const checked = runs.length > 0 && runs.every((id) => actions.selected.has(id));
  return (
    <td class="check">
      <input
        type="checkbox"
        aria-label={`Select ${label}`}
        checked={checked}
        onClick={(event: MouseEvent) => actions.select(runs, (event.target as HTMLInputElement).checked)}
      />
    </td>
  );
}

/** What a row is called. */
function labelOf(row: TableRow): string {
  return row.kind === "group" ? row.label : row.title.trim() || row.id;
}

/** The short forms of the texts in a column. */
function shortValues({ key, kind }: TableColumn, values: readonly TableCell[]): ReadonlyMap<string, string> {
  const texts = kind === "text" ? values.filter((value) => typeof value === "string") : [];
  return key === TAGS ? shortTexts(texts.flatMap(tagsIn), TAG_LETTERS) : shortTexts(texts, VALUE_LETTERS);
}

/** The key of the column of tags, and the tags in one of its values. */
const TAGS = "tags";
const tagsIn = (value: string) => value.split(" ");

function Row({ row, index, columns, titles, texts, view, actions }: Shared & {
  readonly row: TableRow;
  readonly index: number;
  readonly columns: readonly TableColumn[];
  readonly titles: ReadonlyMap<string, string>;
  /** Short forms of the texts in each column. */
  readonly texts: readonly ReadonlyMap<string, string>[];
}) {
  const group = row.kind === "group";
  const runs = group ? row.runs : [row.id];
  const label = labelOf(row);
  const name = <ShortText text={label} short={titles.get(label) ?? label} />;
  const selected = runs.every((id) => actions?.selected.has(id));
  return (
    <tr
      aria-rowindex={index + 2}
      class={group ? "group" : row.inGroup ? "member" : ""}
      {...(selected ? { "data-selected": "" } : {})}
    >
      {actions !== undefined && <Check runs={runs} label={label} actions={actions} />}
      <th scope="row" title={group || label === row.id ? label : `${label} · ${row.id}`}>
        {group
          ? (
            <ViewLink to={toggled(view, row.key)} actions={actions} expanded={row.open}>
              {row.open ? "▾ " : "▸ "}
              {name}
              {` (${runs.length})`}
            </ViewLink>
          )
          : <a href={`/runs/${encodeURIComponent(row.id)}`}>{name}</a>}
      </th>
      {columns.map((column, i) => {
        const value = row.values[i] ?? null;
        return (
          <td key={column.key} class={isNumeric(column) ? "number" : column.key === TAGS ? "of-tags" : ""}>
            {column.key === TAGS && typeof value === "string"
              ? <Tags tags={tagsIn(value)} short={texts[i]!} />
              : <Value column={column} value={value} short={texts[i]!} {...(group ? {} : { run: row })} />}
          </td>
        );
      })}
    </tr>
  );
}

function toggled(view: TableView, key: string): TableView {
  const open = view.open.includes(key) ? view.open.filter((other) => other !== key) : [...view.open, key];
  return { ...view, open, offset: 0 };
}
