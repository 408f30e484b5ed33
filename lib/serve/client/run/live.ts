// Keeping the run on the page up to date: its events, its status, and whether it and its server are still there.
import type { RunEvent, RunView } from "../../../run/mod.ts";
import { isUnderWay } from "../../../run/view/mod.ts";
import type { RunResponse } from "../../schemas.ts";
import { type ConnectionState, follow } from "../common/connection.ts";
import { statusText } from "../common/dom.ts";
import { getJson } from "../common/session.ts";
import type { RunStore } from "./store.ts";

/** After this long without an event, the page asks whether the run's process is still alive. */
const SILENCE_MS = 20_000;

/** Follows the run of a store. */
export function followRun(store: RunStore, onConnection: (state: ConnectionState) => void): void {
  const { state: { run, address } } = store;
  watchHeart(store);
  follow(run.id, {
    after: run.lastSeq,
    updatedAt: run.updatedAt,
    over: !isUnderWay(run),
    onState(state) {
      onConnection(state);
      if (state === "live" || state === "closed") store.change({ served: state === "live" });
    },
    onServer: (served) => store.change({ served }),
    onRemoved: (removed) => store.change({ removed }),
    onLost() {
      if (isUnderWay(run)) run.status = "lost";
      store.change({});
    },
    onEvent(event) {
      store.take(event);
      const said = announcementOf(run, event);
      if (said !== undefined) store.change({ announcement: said });
      if (event.kind !== "run.end") return;
      getJson<RunResponse>(`${address}?points=recent`).then(
        ({ report, gates, reports }) => store.change({ reported: report, gates, reports }),
        () => {},
      );
    },
  });
}

/** A process that computes without a pause sends no events, not even that it is stalled: ask for its status. */
function watchHeart(store: RunStore): void {
  const { run, address } = store.state;
  const look = async () => {
    const silent = isUnderWay(run) && Date.now() - Date.parse(run.updatedAt) > SILENCE_MS;
    if (silent && !document.hidden) {
      const answer = await fetch(`${address}/status`).then((response) => response.json(), () => undefined);
      if (answer?.status !== undefined && isUnderWay(run) && isUnderWay(answer)) run.status = answer.status;
      store.change({});
    }
    setTimeout(look, SILENCE_MS / 2);
  };
  setTimeout(look, SILENCE_MS);
}

/** What screen readers hear of the main events of a run. */
function announcementOf(run: RunView, event: RunEvent): string | undefined {
  const title = "cell" in event ? run.cells.find(({ name }) => name === event.cell)?.title ?? event.cell : run.title;
  if (event.kind === "cell.start") return `${title} started`;
  if (event.kind === "cell.end") return `${title}: ${statusText(event.status)}. ${event.summary}`;
  if (event.kind === "run.resume") return "The run was resumed";
  if (event.kind === "run.end") return `The run ended: ${statusText(event.status)}`;
  return undefined;
}
