// The page of one run: the notebook, followed live.
import { useState } from "hono/jsx";
import { render } from "hono/jsx/dom";
import type { RunView } from "../../../run/mod.ts";
import { branchesExperts, finishedCells, isUnderWay } from "../../../run/view/mod.ts";
import type { RunResponse } from "../../schemas.ts";
import { showConnection } from "../common/connection.ts";
import { byId, setText, statusText } from "../common/dom.ts";
import { useEffect } from "../common/effect.ts";
import { getJson, getSession, RefusedError } from "../common/session.ts";
import { PromptBox } from "../prompt/prompt.tsx";
import { firstAddress, runAddress } from "./addresses.ts";
import { CellCard, CellRow } from "./cell.tsx";
import { RunChart } from "./charts.tsx";
import { Console } from "./console.tsx";
import { Graph } from "./graph.tsx";
import { Head } from "./head.tsx";
import { followRun } from "./live.ts";
import { Machine } from "./machine.tsx";
import { Outline } from "./outline.tsx";
import { About } from "./provenance.tsx";
import { Results } from "./results.tsx";
import { createStore, type RunState, type RunStore } from "./store.ts";
import { titleOf } from "./title.ts";

const id = decodeURIComponent(location.pathname.split("/").at(-1)!);
const connection = byId("connection");
/** Time between two requests for a run that cannot be shown yet. */
const AGAIN_MS = 3_000;

start().catch((error) => {
  showConnection(connection, "reconnecting");
  console.error(error);
  setTimeout(() => location.reload(), AGAIN_MS);
});

async function start(): Promise<void> {
  showConnection(connection, "connecting");
  const store = createStore(runAddress(id), await firstAnswer());
  render(<Page store={store} />, byId("run"));
  getSession().then(({ edit, stop }) => store.change({ able: { edit, stop } }), () => {});
  followRun(store, (state) => showConnection(connection, state));
}

/** The run as the server knows it, once it does; until then the page says why there is nothing to see. */
async function firstAnswer(): Promise<RunResponse> {
  for (let said = "";;) {
    try {
      return await getJson<RunResponse>(firstAddress(id));
    } catch (error) {
      showConnection(connection, error instanceof RefusedError ? "connecting" : "reconnecting");
      const text = faultText(error);
      // Screen readers would hear it each time.
      if (text !== said) render(<Nothing text={text} />, byId("run"));
      said = text;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

function faultText(error: unknown): string {
  if (!(error instanceof RefusedError)) return "The server does not answer";
  return error.status === 404 ? "This run has not begun: there is no log in its folder" : error.message;
}

/** In place of a run that cannot be shown. */
function Nothing({ text }: { readonly text: string }) {
  return (
    <main id="main" class="alone" tabindex={-1}>
      <h1>{id}</h1>
      <p class="notice" role="alert">{`${text}. This page tries again every few seconds.`}</p>
    </main>
  );
}

function Page({ store }: { readonly store: RunStore }) {
  const { state } = store;
  const { run } = state;
  const now = useChanges(store);
  /** Cells that the reader has opened or closed; of the others, failed ones are open. */
  const [chosen, setChosen] = useState<ReadonlyMap<string, boolean>>(
    new Map(cellOfHash(run).map((name) => [name, true])),
  );
  const toggle = (name: string, open: boolean) => setChosen((before) => new Map([...before, [name, open]]));
  const title = titleOf(state.labels, run);
  useEffect(() => {
    setText(byId("crumb"), title);
    document.title = tabTitle(state, title);
  });
  useEffect(() => {
    document.querySelector(location.hash.replace(/[^#\w-]/g, "") || "#none")?.scrollIntoView();
    const goTo = () => cellOfHash(run).forEach((name) => toggle(name, true));
    addEventListener("hashchange", goTo);
    return () => removeEventListener("hashchange", goTo);
  }, []);
  const places = run.cells.map((cell, i) => ({ cell, index: i + 1 }));
  const running = isUnderWay(run) ? places.filter(({ cell }) => cell.status === "running") : [];
  return (
    <>
      <Outline run={run} />
      <main id="main" class="notebook" tabindex={-1}>
        <Head store={store} title={title} now={now} />
        <p class="visually-hidden" role="status" aria-live="polite">{state.announcement}</p>
        <Graph run={run} />
        {running.length > 0 && (
          <section class="cell-list" aria-label="Running now">
            {running.map(({ cell, index }) => (
              <CellCard key={cell.name} cell={cell} index={index} run={run} runsFolder={state.runsFolder} now={now} />
            ))}
          </section>
        )}
        <Machine address={state.address} run={run} served={state.served} />
        <Results address={state.address} run={run} />
        <RunChart run={run} />
        {branchesExperts(run) && <PromptBox run={run} address={state.address} runsFolder={state.runsFolder} />}
        <section class="cell-list" aria-label="Cells" id="cells">
          {places.filter((place) => !running.includes(place)).map(({ cell, index }) => (
            <CellRow
              key={cell.name}
              cell={cell}
              index={index}
              run={run}
              runsFolder={state.runsFolder}
              open={chosen.get(cell.name) ?? cell.status === "failed"}
              onToggle={(wanted) => toggle(cell.name, wanted)}
            />
          ))}
        </section>
        <Console address={state.address} live={isUnderWay(run) && state.served} />
        <About address={state.address} run={run} />
      </main>
    </>
  );
}

/** Draws again after changes, and each second while the run is under way. @returns the time in milliseconds */
function useChanges(store: RunStore): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const end = store.listen(() => setNow(Date.now()));
    const clock = setInterval(() => isUnderWay(store.state.run) && setNow(Date.now()), 1000);
    return () => {
      end();
      clearInterval(clock);
    };
  }, []);
  return now;
}

function tabTitle({ run, removed }: RunState, title: string): string {
  return isUnderWay(run) && !removed
    ? `${finishedCells(run.cells)}/${run.cells.length} · ${title}`
    : `${statusText(removed ? "removed" : run.status)} · ${title}`;
}

/** The name of the cell that the URL points to, if it does. */
function cellOfHash(run: RunView): string[] {
  const index = location.hash.match(/^#cell-(\d+)$/)?.[1];
  const cell = index === undefined ? undefined : run.cells[Number(index) - 1];
  return cell === undefined ? [] : [cell.name];
}
