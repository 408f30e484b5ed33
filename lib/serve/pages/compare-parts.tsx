// What the tables of a comparison share: cards, and a head with one column for each run or cell.
import type { PropsWithChildren } from "hono/jsx";
import { Badge, ShortText } from "../client/common/elements.tsx";
import { shortTexts } from "../client/common/short-texts.ts";
import { HEADING_LETTERS } from "../client/common/table-view.tsx";

/** A column of the tables. */
export interface ShownColumn {
  readonly id: string;
  readonly title: string;
  readonly status: string;
  /** What tells it from the others, if its title does not. */
  readonly label: string;
  readonly address: string;
  /** The comparison with this one first; undefined for the first. */
  readonly first: string | undefined;
}

/** A card. It is no landmark: what scrolls in it is one, with a name of its own. */
export function Part({ title, id, children }: PropsWithChildren<{ readonly title: string; readonly id?: string }>) {
  return (
    <div class="card compared" {...(id === undefined ? {} : { id })}>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** The head of a table with one column for each run or cell. */
export function Head({ title, columns, numeric = false }: {
  readonly title: string;
  readonly columns: readonly ShownColumn[];
  readonly numeric?: boolean;
}) {
  const titles = shortTexts(columns.map(({ title }) => title), HEADING_LETTERS);
  return (
    <thead>
      <tr>
        <th scope="col">{title}</th>
        {columns.map(({ id, title, status, label, address, first }) => (
          <th key={id} scope="col" title={id} data-run={id} class={numeric ? "number" : ""}>
            <a href={address}>
              <ShortText text={title} short={titles.get(title)!} />
            </a>{" "}
            {status !== "done" && <Badge status={status} />}
            {label !== "" && <small class="muted">{label}</small>}
            {numeric && first !== undefined && <a class="first" href={first}>compare with this one</a>}
          </th>
        ))}
      </tr>
    </thead>
  );
}
