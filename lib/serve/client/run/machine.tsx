// What the run takes of its machine: cores, memory and threads, over time.
import { useState } from "hono/jsx";
import type { RunView } from "../../../run/mod.ts";
import { isUnderWay } from "../../../run/view/mod.ts";
import type { UsageResponse } from "../../schemas.ts";
import { useEffect } from "../common/effect.ts";
import { bytes } from "../common/format.ts";
import { getJson } from "../common/session.ts";

/** Time between two requests while the run is under way. */
const ASK_MS = 5_000;

/** Figures of the run's process; nothing for runs that kept none. */
export function Machine(
  { address, run, served }: { readonly address: string; readonly run: RunView; readonly served: boolean },
) {
  const [usage, setUsage] = useState<UsageResponse | undefined>(undefined);
  const live = isUnderWay(run);
  useEffect(() => {
    const ask = () => {
      if (document.hidden || !served) return;
      getJson<UsageResponse>(`${address}/usage`).then(setUsage, () => {});
    };
    ask();
    if (!live) return;
    const timer = setInterval(ask, ASK_MS);
    return () => clearInterval(timer);
  }, [live, served]);
  const last = usage?.samples.at(-1);
  if (usage === undefined || last === undefined) return null;
  const { samples, machine } = usage;
  const cores = samples.map(({ cores }) => cores);
  const memory = samples.map(({ memory }) => memory);
  const [most, mean] = [Math.max(...memory), meanOf(samples)];
  return (
    <section class="machine" aria-label="Machine">
      <Figure
        name="Cores"
        value={`${(live ? last.cores : mean).toFixed(1)}${machine === null ? "" : ` of ${machine.cores}`}`}
        detail={live ? `busy now, ${mean.toFixed(1)} on average` : "busy on average"}
        values={cores}
        top={machine?.cores ?? Math.max(...cores)}
      />
      <Figure
        name="Memory"
        value={`${bytes(live ? last.memory : most)}${machine === null ? "" : ` of ${bytes(machine.memory)}`}`}
        detail={live ? `now, at most ${bytes(most)}` : "at most"}
        values={memory}
        top={most}
      />
      {machine !== null && machine.threads !== null && (
        <Figure name="Threads" value={String(machine.threads)} detail="for the device" />
      )}
    </section>
  );
}

interface FigureProps {
  readonly name: string;
  readonly value: string;
  readonly detail: string;
  readonly values?: readonly number[];
  /** The value at the top of the line. */
  readonly top?: number;
}

function Figure({ name, value, detail, values = [], top = 1 }: FigureProps) {
  return (
    <dl>
      <dt>{name}</dt>
      <dd>
        {value}
        <small class="muted">{` ${detail}`}</small>
      </dd>
      {values.length > 1 && <Sparkline values={values} top={top} />}
    </dl>
  );
}

/** A line of all values, which says nothing to screen readers that the text beside it does not. */
function Sparkline({ values, top }: { readonly values: readonly number[]; readonly top: number }) {
  const [width, height] = [160, 28];
  const points = values.map((value, i) => {
    const x = i / (values.length - 1) * width;
    return `${x.toFixed(1)},${(height - 1 - Math.min(1, value / (top || 1)) * (height - 2)).toFixed(1)}`;
  });
  return (
    <dd aria-hidden="true">
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
        <polyline class="sparkline" points={points.join(" ")}></polyline>
      </svg>
    </dd>
  );
}

/** Mean cores by time: samples may be about different spans. */
function meanOf(samples: UsageResponse["samples"]): number {
  const sum = (of: (sample: UsageResponse["samples"][number]) => number) =>
    samples.reduce((total, sample) => total + of(sample), 0);
  return sum(({ cores, seconds }) => cores * seconds) / sum(({ seconds }) => seconds);
}
