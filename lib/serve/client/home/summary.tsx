// What stands around the table of runs: how many there are, what was wrong with the view, and what to do without any.
import type { TableWindow } from "../../../run/mod.ts";

/** `12 of 80 runs, 2 running`. */
export function countText({ total, matching, running }: TableWindow): string {
  if (total === 0) return "";
  const [some, all, under] = [matching, total, running].map((count) => count.toLocaleString("en"));
  const of = matching === total ? "" : `${some} of `;
  return `${of}${all} ${total === 1 ? "run" : "runs"}${running > 0 ? `, ${under} running` : ""}`;
}

/** What readers of a window must know: that it may be old, and what was wrong with its view. */
export function noticesOf({ stale, problems }: Pick<TableWindow, "stale" | "problems">): readonly string[] {
  return [...(stale === null ? [] : [stale]), ...problems];
}

/** What was wrong with the view; the rest of it is shown. */
export function Problems({ problems }: { readonly problems: readonly string[] }) {
  if (problems.length === 0) return null;
  return (
    <div role="status">
      <ul class="problems">
        {problems.map((problem) => <li key={problem} class="notice">{problem}</li>)}
      </ul>
    </div>
  );
}

/** In place of a table without rows. */
export function NoRows({ shown }: { readonly shown: TableWindow }) {
  if (shown.total > 0) {
    return (
      <div class="empty card">
        <h2>No run matches</h2>
        <p>
          Every word and term must match. Try <code>seed:2</code>, <code>tag:good</code> or{" "}
          <code>{"stitch.count:>2"}</code>.
        </p>
      </div>
    );
  }
  return (
    <div class="empty card">
      <h2>No runs yet</h2>
      <p>Start one in a terminal; it will appear here.</p>
      <pre>deno task bts</pre>
    </div>
  );
}
