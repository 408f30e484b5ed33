// The sweeps of the folder, one line each, above the runs.
import { useState } from "hono/jsx";
import type { SweepListResponse } from "../../schemas.ts";
import { useEffect } from "../common/effect.ts";
import { Badge, ShortText } from "../common/elements.tsx";
import { when } from "../common/format.ts";
import { shortTexts } from "../common/short-texts.ts";
import { getJson } from "../common/session.ts";

/** This many are shown; older ones are collapsed. */
const NEWEST = 3;
/** Letters of the longest name: a sweep is a line. */
const NAME_LETTERS = 60;
type Sweep = SweepListResponse["sweeps"][number];

/** The newest sweeps, and the older ones on demand. @param round asks the server again when it changes */
export function Sweeps({ round }: { readonly round: number }) {
  const [{ sweeps, unreadable }, setSweeps] = useState<SweepListResponse>({ sweeps: [], unreadable: [] });
  useEffect(() => {
    getJson<SweepListResponse>("/api/sweeps").then(setSweeps, () => {});
  }, [round]);
  if (sweeps.length === 0 && unreadable.length === 0) return null;
  const older = sweeps.slice(NEWEST);
  const names = shortTexts(sweeps.map(nameOf), NAME_LETTERS);
  const lines = (some: readonly Sweep[]) => (
    <ul>{some.map((sweep) => <Line key={sweep.sweep} sweep={sweep} short={names.get(nameOf(sweep))!} />)}</ul>
  );
  return (
    <section id="sweeps" aria-label="Sweeps">
      <h2>Sweeps</h2>
      {lines(sweeps.slice(0, NEWEST))}
      {older.length > 0 && (
        <details>
          <summary>{`${older.length} older`}</summary>
          {lines(older)}
        </details>
      )}
      {unreadable.map(({ sweep, reason }) => (
        <p key={sweep} class="notice">
          <code>{sweep}</code>
          {`: ${reason}`}
        </p>
      ))}
    </section>
  );
}

const nameOf = ({ name, sweep }: Sweep) => name.trim() || sweep;

function Line({ sweep: one, short }: { readonly sweep: Sweep; readonly short: string }) {
  const { sweep, status, counts, keys, startedAt } = one;
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return (
    <li class="sweep-line">
      <Badge status={status} />
      <a href={`/sweeps/${encodeURIComponent(sweep)}`}>
        <ShortText text={nameOf(one)} short={short} />
      </a>
      <span class="muted">
        {`over ${keys.length === 0 ? "seeds" : keys.join(", ")} · ${counts.done} of ${total} trials done · ${
          when(startedAt)
        }`}
      </span>
    </li>
  );
}
