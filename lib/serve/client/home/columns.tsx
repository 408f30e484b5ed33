// Choosing the table's columns from the fields, settings, results and metrics of the runs.
import { useState } from "hono/jsx";
import type { TableWindow } from "../../../run/mod.ts";
import type { TableView } from "../../../run/view/mod.ts";
import type { TableNames } from "../../schemas.ts";
import { closeOnEscape } from "../common/menu.ts";

/** Names listed at a time. */
const MOST = 60;

/** A menu with a checkbox for each name, those that are shown first. */
export function ColumnsMenu({ view, names, shown, go }: {
  readonly view: TableView;
  readonly names: TableNames["names"];
  readonly shown: TableWindow;
  go(view: TableView): void;
}) {
  const [text, setText] = useState("");
  const current = shown.columns.map(({ key }) => key);
  const wanted = text.trim().toLowerCase();
  const others = names.filter(({ name, column }) => column && name !== "name" && !current.includes(name))
    .map(({ name }) => name);
  const fits = [...current, ...others].filter((name) => name.toLowerCase().includes(wanted));
  const toggle = (key: string) => {
    const columns = current.includes(key) ? current.filter((other) => other !== key) : [...current, key];
    go({ ...view, columns });
  };
  const more = shown.moreColumns === 0 ? "" : `; ${shown.moreColumns} more differ`;
  return (
    <details class="menu" onKeyDown={closeOnEscape}>
      <summary class="button quiet">Columns</summary>
      <div class="card">
        <p class="muted">
          {view.columns === undefined ? `Columns in which the runs differ${more}.` : "The columns that you chose."}
        </p>
        <input
          type="search"
          aria-label="Find a column"
          placeholder="Find: width, loss:min, tokensPerSecond"
          value={text}
          onInput={(event: InputEvent) => setText((event.target as HTMLInputElement).value)}
        />
        <ul>
          {fits.slice(0, MOST).map((name) => (
            <li key={name}>
              <label>
                <input type="checkbox" checked={current.includes(name)} onClick={() => toggle(name)} />
                {` ${name}`}
              </label>
            </li>
          ))}
          {fits.length > MOST && <li class="muted">{`${fits.length - MOST} more; type to find them`}</li>}
        </ul>
        <Reduced text={text} toggle={toggle} />
        {view.columns !== undefined && (
          <button
            type="button"
            class="button quiet"
            onClick={() => go({ ...view, columns: undefined })}
          >
            Show what differs
          </button>
        )}
      </div>
    </details>
  );
}

/** A metric with `:min`, `:max`, `:best` or `:last` is a column too, though it is in no list. */
function Reduced({ text, toggle }: { readonly text: string; toggle(key: string): void }) {
  const name = text.trim();
  if (!/:(last|min|max|best)$/.test(name)) return null;
  return <button type="button" class="button quiet" onClick={() => toggle(name)}>{`Add ${name}`}</button>;
}
