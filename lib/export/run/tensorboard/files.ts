// A run as a log folder of TensorBoard: a subfolder for each cell with its curves, for each method with its results, and
// one with the report as text. TensorBoard shows subfolders as runs, and draws equal tags of several in one chart.
import { reportMarkdown } from "../../../report/mod.ts";
import type { KnownRun, RunFile } from "../exported-run.ts";
import { type CellView, placeName } from "../../../run/mod.ts";
import { scalarEvent, textEvent, versionEvent } from "./events.ts";
import { tfRecord } from "./tfrecord.ts";

/** The event files of a run. */
export function tensorboardFiles({ view, ...about }: KnownRun): RunFile[] {
  const start = secondsOf(view.startedAt), end = secondsOf(view.updatedAt);
  const taken = new Set<string>();
  const file = (name: string, events: () => Iterable<Uint8Array>, above = ""): RunFile => ({
    // TensorBoard looks for `tfevents` in names, and reads the files of a folder in the order of these.
    name: `${free(above + folderName(name), taken)}/events.out.tfevents.${Math.floor(start)}.stitchbook`,
    content: {
      *[Symbol.iterator]() {
        yield tfRecord(versionEvent(start));
        for (const event of events()) yield tfRecord(event);
      },
    },
  });
  const withCurves = view.cells.filter(({ metrics }) => metrics.some(({ values }) => Object.keys(values).length > 0));
  return [
    file("report", () => [textEvent("report", end, reportMarkdown(view, about))]),
    ...withCurves.map((cell) => file(cell.name, () => curveEvents(cell))),
    ...Object.entries(view.results?.methods ?? {}).map(([method, measurements]) =>
      file(method, () => measurements.map((one) => scalarEvent(placeName(one), 0, end, one.value)), "results/")
    ),
  ];
}

function* curveEvents({ metrics }: CellView): Generator<Uint8Array> {
  for (const { step, time, values } of metrics) {
    const seconds = secondsOf(time);
    for (const [metric, value] of Object.entries(values)) yield scalarEvent(metric, step, seconds, value ?? NaN);
  }
}

const secondsOf = (time: string): number => {
  const seconds = Date.parse(time) / 1000;
  return Number.isFinite(seconds) ? seconds : 0;
};

/** A name as a folder on every system: letters, digits and a few signs, never `.` or `..`, at most 80 characters. */
function folderName(name: string): string {
  const safe = name.normalize("NFC").replace(/[^\p{L}\p{N} ._-]+/gu, "-").slice(0, 80).replace(/^[. ]+|[. ]+$/g, "");
  return safe === "" ? "cell" : safe;
}

/** The name, or the first of `name-2`, `name-3`, … that is not taken, ignoring case as some file systems do. */
function free(name: string, taken: Set<string>): string {
  for (let number = 1;; number++) {
    const one = number === 1 ? name : `${name}-${number}`;
    if (taken.has(one.toLowerCase())) continue;
    taken.add(one.toLowerCase());
    return one;
  }
}
