// The latest numbers of a cell, and how far it is.
import type { CellView, RunView } from "../../../run/mod.ts";
import { countsSteps, fastestTokensPerSecond, shareDone } from "../../../run/view/mod.ts";
import { Entry } from "../common/elements.tsx";
import { compact, measured, words } from "../common/format.ts";

/** Progress and readings; nothing before the first point. */
export function Readings({ cell, run }: { readonly cell: CellView; readonly run: RunView }) {
  const { metrics, steps, status } = cell;
  const last = metrics.at(-1);
  if (last === undefined || steps === null) return null;
  const running = status === "running";
  return (
    <div class="progress">
      {running && <progress max={1} value={shareDone(cell)} aria-label="Progress"></progress>}
      <dl class="readings">
        {countsSteps(cell)
          ? <Entry name="step">{`${last.step.toLocaleString("en")} / ${steps.toLocaleString("en")}`}</Entry>
          : running && <Entry name="progress">{`${Math.floor(100 * shareDone(cell))} %`}</Entry>}
        {[...latestValues(cell)].map(([name, value]) =>
          name === "tokensPerSecond"
            ? <Speed key={name} tokensPerSecond={value} limit={fastestTokensPerSecond(cell, run.speed)} />
            : <Entry key={name} name={words(name)}>{measured(value)}</Entry>
        )}
      </dl>
    </div>
  );
}

/** Tokens per second, and their share of what the device can do. */
function Speed(
  { tokensPerSecond, limit }: { readonly tokensPerSecond: number | null; readonly limit: number | undefined },
) {
  return (
    <Entry name="tokens/s (last step)">
      {tokensPerSecond === null ? measured(null) : compact(tokensPerSecond)}
      {tokensPerSecond !== null && limit !== undefined && (
        <small
          class="muted"
          title="If training were large matrix products alone, at the speed that this device was measured to have before the run"
        >
          {` ${Math.round(100 * tokensPerSecond / limit)} % of the limit of ${compact(limit)}`}
        </small>
      )}
    </Entry>
  );
}

/** How far back the latest value of a metric is looked for: some are logged rarely. */
const RARE = 200;

/** The latest value of every metric, in order of first appearance. */
function latestValues({ metrics }: CellView): Map<string, number | null> {
  const latest = new Map<string, number | null>();
  for (const { values } of metrics.slice(-RARE)) {
    for (const [name, value] of Object.entries(values)) if (!name.includes("/")) latest.set(name, value);
  }
  return latest;
}
