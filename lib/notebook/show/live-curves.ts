// Curves that grow while a cell of the notebook computes: one output, replaced in place.
import { PALETTE } from "../../methods.ts";
import { linesPanel } from "../../report/mod.ts";
import { extremes } from "../../run/mod.ts";
import {
  DISPLAY,
  type Displayable,
  inKernel,
  kernelShow,
  type MediaBundle,
  newDisplayId,
  type Show,
} from "../display.ts";
import { bundleBytes, pacer, type Pause } from "../pacer.ts";
import { figureBundle } from "./figure.ts";

/** Most points of a curve. */
const MOST_POINTS = 120;

/** How curves are drawn. */
export interface LiveCurvesOptions {
  /** Names of the curves whose axis is logarithmic. @default none */
  readonly log?: readonly string[];
  /** Where they go. @default the kernel */
  readonly show?: Show;
  /** @default as {@linkcode pacer} says */
  readonly pause?: Pause;
}

/** Curves by step. */
export interface LiveCurves extends Displayable {
  /** All points, as rows of a table. */
  readonly rows: readonly ({ readonly step: number } & Readonly<Record<string, number>>)[];
  /** Adds a point to each curve that is named, and shows them if it is time. */
  add(step: number, values: Readonly<Record<string, number>>): Promise<void>;
  /** Shows the last points, and resolves when they have arrived. */
  end(): Promise<void>;
}

/** Curves without points. */
export function liveCurves(title: string, options: LiveCurvesOptions = {}): LiveCurves {
  const { log = [], show = kernelShow(), pause = pacer() } = options;
  const rows: ({ step: number } & Record<string, number>)[] = [];
  const displayId = newDisplayId();
  let update = false;
  let next = -Infinity;
  const send = async (settle: boolean) => {
    const bundle = bundleOf();
    await show(bundle, { displayId, update, settle });
    update = true;
    next = performance.now() + pause(bundleBytes(bundle));
  };
  const bundleOf = (): MediaBundle => {
    const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) => name !== "step");
    const panels = names.map((name) => {
      const points = rows.flatMap((row) =>
        Number.isFinite(row[name]) && !(log.includes(name) && row[name]! <= 0)
          ? [{ step: row.step, value: row[name]! }]
          : []
      );
      const line = { label: name, color: PALETTE.blue, points: extremes(points, ({ value }) => value, MOST_POINTS) };
      return linesPanel(name, [line], { log: log.includes(name) });
    });
    const last = rows.at(-1);
    const text = last === undefined ? "no points yet" : Object.entries(last)
      .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`).join(" · ");
    return figureBundle({ name: "live", title, caption: text, legend: [], panels });
  };
  return {
    rows,
    async add(step, values) {
      rows.push({ step, ...values });
      if (performance.now() >= next) await send(false);
    },
    end: () => send(true),
    async [DISPLAY]() {
      if (!inKernel()) return bundleOf();
      await send(true);
      return {};
    },
  };
}
