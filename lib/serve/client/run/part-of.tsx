// What a run is part of: a sweep, and reports over several runs.
import type { RunResponse } from "../../schemas.ts";
import { Entry } from "../common/elements.tsx";

/** Entries for a list of facts; none for a run on its own. */
export function PartOf({ sweep, reports }: Pick<RunResponse, "sweep" | "reports">) {
  return (
    <>
      {sweep !== null && (
        <Entry name="Trial of the sweep">
          <a href={`/sweeps/${encodeURIComponent(sweep)}`}>{sweep}</a>
        </Entry>
      )}
      {reports.length > 0 && (
        <Entry name="In the report">
          {reports.map(({ name, title }, i) => (
            <span key={name}>
              {i > 0 && "; "}
              <a href={`/api/reports/${encodeURIComponent(name)}`} target="_blank" rel="noopener">{title}</a>
            </span>
          ))}
        </Entry>
      )}
    </>
  );
}
