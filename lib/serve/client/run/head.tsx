// The head of a run's page: title, state, facts, labels, and what a person can do.
import { endReason, isUnderWay, runSecondsLeft, shownStatus } from "../../../run/view/mod.ts";
import { serveCommand } from "../common/command.ts";
import { Badge, Entry } from "../common/elements.tsx";
import { clock, duration, when } from "../common/format.ts";
import { change } from "../common/session.ts";
import { TwiceButton } from "../common/twice-button.tsx";
import { Fault } from "./fault.tsx";
import { Labels } from "./labels.tsx";
import { Note } from "./notes.tsx";
import { PartOf } from "./part-of.tsx";
import { Removed } from "./removed.tsx";
import type { RunState, RunStore } from "./store.ts";

/** The head. @param now milliseconds */
export function Head(
  { store, title, now }: { readonly store: RunStore; readonly title: string; readonly now: number },
) {
  const { state } = store;
  const { run, removed, address, able, labels } = state;
  const ending = endReason(run);
  return (
    <section class="head" id="head" aria-label="Run">
      <div class="title-row">
        <h1>{title}</h1>
        <Badge status={removed ? "removed" : run.status} />
        <span class="push"></span>
        <Actions state={state} />
      </div>
      <Facts state={state} now={now} />
      <Labels
        address={address}
        labels={labels}
        edit={able.edit && !removed && state.served}
        onChange={(labels) => store.change({ labels })}
      />
      <ol class="strip" aria-hidden="true">
        {run.cells.map((cell) => <li key={cell.name} data-status={shownStatus(cell, run)}></li>)}
      </ol>
      {!state.served && !removed && <Closed state={state} />}
      {removed && <Removed state={state} />}
      {ending !== null &&
        (run.status === "stopped" ? <p class="notice">{ending}</p> : <Fault text={ending} />)}
      {run.notes.length > 0 && <ul class="notes">{run.notes.map((note, i) => <Note key={i} note={note} />)}</ul>}
    </section>
  );
}

function Actions({ state: { run, removed, address, able, served, reported, gates } }: { readonly state: RunState }) {
  if (removed || !served) return null;
  const underWay = isUnderWay(run);
  const remove = async () => {
    await change(`${address}/remove`);
    location.assign("/");
  };
  return (
    <>
      {able.stop && underWay && (
        <TwiceButton
          text="Stop"
          question="Stop this run?"
          act={() => change(`${address}/stop`)}
        />
      )}
      {able.edit && !underWay && <TwiceButton text="Remove" question="Remove this run?" act={remove} />}
      {gates && <a class="button quiet" href={`${address}/gates`} target="_blank" rel="noopener">Gates of tokens</a>}
      {reported && <a class="button" href={`${address}/report`} target="_blank" rel="noopener">Open the report</a>}
    </>
  );
}

function Facts({ state: { run, sweep, reports }, now }: { readonly state: RunState; readonly now: number }) {
  const running = isUnderWay(run);
  const until = running ? now : Date.parse(run.updatedAt);
  const seconds = run.seconds ?? Math.max(0, (until - Date.parse(run.startedAt)) / 1000);
  const left = runSecondsLeft(run, now);
  return (
    <dl class="facts">
      {run.preset !== "" && <Entry name="Preset">{run.preset}</Entry>}
      <Entry name="Seed">{run.seed ?? "unknown"}</Entry>
      {run.device !== "" && <Entry name="Device">{run.device}</Entry>}
      <Entry name="Started">
        <span title={run.startedAt}>{when(run.startedAt)}</span>
      </Entry>
      <Entry name="Elapsed">{running ? clock(seconds) : duration(seconds)}</Entry>
      {left !== undefined && (
        <Entry name="Time left">
          <span title="Estimated from what the cells compute and how long the finished ones took; cells that turn out to be cached take no time">
            {`about ${clock(left)}`}
          </span>
        </Entry>
      )}
      <Entry name="Run">
        <code>{run.id}</code>
      </Entry>
      <PartOf sweep={sweep} reports={reports} />
    </dl>
  );
}

/** How to see the run again when its server has closed. */
function Closed({ state: { run, runsFolder } }: { readonly state: RunState }) {
  return (
    <p class="notice" role="status">
      This run's server has closed; <code>{serveCommand(runsFolder)}</code> shows it again. Its files are in{" "}
      <code>{`${runsFolder}/${run.id}/`}</code>.
    </p>
  );
}
