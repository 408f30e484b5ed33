// One sweep: its trials and how they compare. Without JavaScript it is the table of trials.
import type { Assets } from "../assets.ts";
import { Badge, Entry } from "../client/common/elements.tsx";
import { TrialsTable } from "../client/sweep/trials.tsx";
import { bestText, statesText } from "../client/sweep/words.ts";
import type { SweepResponse } from "../schemas.ts";
import { Breadcrumb, Frame } from "./frame.tsx";

/** What the page needs. */
export interface SweepPageProps {
  readonly assets: Assets;
  /** Undefined if its file cannot be read. */
  readonly shown: Pick<SweepResponse, "sweep" | "report"> | undefined;
}

/** The page at `/sweeps/:id`. */
export function SweepPage({ assets, shown }: SweepPageProps) {
  return (
    <Frame title={shown?.sweep.name.trim() || "Sweep"} script={{ page: "sweep", assets }} bar={<Breadcrumb />}>
      <main id="main" class="home sweep" tabindex={-1}>
        {shown !== undefined && (
          <noscript>
            <Plain {...shown} />
          </noscript>
        )}
        <section class="head" id="head" aria-label="Sweep"></section>
        <div id="explore"></div>
        <section id="footer" aria-label="About this sweep"></section>
      </main>
    </Frame>
  );
}

/** The sweep as it is now. */
function Plain({ sweep, report }: NonNullable<SweepPageProps["shown"]>) {
  return (
    <>
      <div class="title-row">
        <h1>{sweep.name.trim() || sweep.sweep}</h1>
        <Badge status={sweep.status} />
      </div>
      <dl class="facts">
        <Entry name="Trials">{statesText(sweep)}</Entry>
        <Entry name="Best">{bestText(sweep)}</Entry>
        <Entry name="Started">{sweep.startedAt}</Entry>
        <Entry name="Sweep">
          <code>{sweep.sweep}</code>
        </Entry>
      </dl>
      {sweep.status === "running" && <p class="notice">This page does not update itself: reload it to see more.</p>}
      {report && (
        <p>
          <a href={`/api/sweeps/${encodeURIComponent(sweep.sweep)}/report`}>Open the report</a>
        </p>
      )}
      <section class="card trials" aria-label="Trials">
        <TrialsTable sweep={sweep} sort="" descending={false} selected={undefined} />
      </section>
    </>
  );
}
