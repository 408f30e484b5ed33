// A notebook's handle to a run: watch it, read it, show its table and figures. It never writes to the run.
import { UserError } from "../errors.ts";
import { withTimeout } from "../timeout.ts";
import {
  claims,
  differencesFigure,
  escapeHtml,
  type Figure,
  figureHtml,
  gatesFigure,
  gridHtml,
  gridMarkdown,
  lossFigure,
  matrixFigure,
  meanFigure,
  measureGrids,
  parametersFigure,
  sequentialTokensFigure,
  timeFigure,
  totalTokensFigure,
} from "../report/mod.ts";
import { applyEvent, isUnderWay, readRun, type RunView } from "../run/mod.ts";
import { card } from "./card.ts";
import { DISPLAY, type Displayable, displayable, kernelShow, type MediaBundle, type Show } from "./display.ts";
import { bundleBytes, pause } from "./pacer.ts";
import { runEvents, serverOf } from "./stream.ts";

const FIGURES = {
  mean: meanFigure,
  matrix: matrixFigure,
  differences: differencesFigure,
  loss: lossFigure,
  gates: gatesFigure,
  parameters: parametersFigure,
  time: timeFigure,
  "refinement-total": totalTokensFigure,
  "refinement-sequential": sequentialTokensFigure,
} as const;

/** Names of the figures that a handle can show. */
export type FigureName = keyof typeof FIGURES;

/** Options of `watch()`. */
export interface WatchOptions {
  /** Where the card goes. @default the kernel */
  readonly show?: Show;
  /** Stops watching; the run continues. */
  readonly signal?: AbortSignal;
  /** Milliseconds between updates. @default by size: at least 1 s, at most 1,500 bytes a second */
  readonly pause?: (bytes: number) => number;
}

/** A run, seen from a notebook. */
export interface RunHandle {
  readonly id: string;
  readonly runsFolder: string;
  /** The run, folded from its log. */
  view(): Promise<RunView>;
  /** Address of the run's page, or undefined when no server shows it. */
  url(): Promise<string | undefined>;
  /** Shows a live card, updated in place until the run ends. The run does not depend on it. */
  watch(options?: WatchOptions): Promise<void>;
  /**
   * Shows the results, a figure or the card now, and resolves a moment after it was sent. Prefer it to a cell's value:
   * Deno's kernel (2.9.6) sometimes reports a cell as done before it sends the value, and front ends then drop it.
   */
  show(what: "results" | "card" | FigureName): Promise<void>;
  /** The results as an object that displays itself: all measures, and the findings in words. */
  table(): Promise<Displayable>;
  /** One figure of the report as an object that displays itself. */
  figure(name: FigureName): Promise<Displayable>;
  readonly [DISPLAY]: () => Promise<MediaBundle>;
}

/** The handle to the run with this id. Nothing is read until a method is called. */
export function runHandle(runsFolder: string, id: string): RunHandle {
  const view = async (): Promise<RunView> => {
    const found = await readRun(runsFolder, id);
    if (found !== undefined) return found;
    throw new UserError("notebook.run-gone", `Run ${id} is no longer in ${runsFolder}, or its log cannot be read`);
  };
  const url = async () => {
    const server = await serverOf(runsFolder, id);
    return server && `${server.origin}/runs/${id}`;
  };
  const now = async () => card(await view(), { url: await url(), now: new Date().toISOString() });
  const bundleOf = async (what: "results" | "card" | FigureName): Promise<MediaBundle> =>
    what === "card" ? await now() : what === "results" ? resultsBundle(await view()) : figureBundle(await view(), what);
  return {
    id,
    runsFolder,
    view,
    url,
    watch: (options = {}) => watch(runsFolder, id, view, url, options),
    show: async (what) => {
      await kernelShow()(await bundleOf(what), { displayId: `stitchbook-${crypto.randomUUID()}`, update: false });
    },
    table: async () => displayable(await bundleOf("results")),
    figure: async (name) => displayable(figureBundle(await view(), name)),
    [DISPLAY]: now,
  };
}

async function watch(
  runsFolder: string,
  id: string,
  read: () => Promise<RunView>,
  address: () => Promise<string | undefined>,
  options: WatchOptions,
): Promise<void> {
  const show = options.show ?? kernelShow();
  const wait = options.pause ?? pause;
  const displayId = `stitchbook-${id}-${crypto.randomUUID()}`;
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const first = await read();
  let view: RunView | undefined;
  let failure: unknown;
  let ended = false;
  const end = (async () => {
    try {
      for await (const event of runEvents(runsFolder, id, signal)) view = applyEvent(view, event);
    } catch (error) {
      failure = error;
    } finally {
      ended = true;
    }
  })();
  let update = false;
  let shown = "";
  let link = await address();
  const draw = async (of: RunView): Promise<number> => {
    const bundle = card(of, { url: link, now: new Date().toISOString() });
    const bytes = bundleBytes(bundle);
    if (bundle["text/html"] === shown) return bytes;
    await show(bundle, { displayId, update });
    [update, shown] = [true, bundle["text/html"]!];
    return bytes;
  };
  try {
    let bytes = await draw(first);
    while (!ended && !options.signal?.aborted) {
      await withTimeout(end, wait(bytes));
      if (!ended && view !== undefined) bytes = await draw(view);
      link ??= await address();
    }
    if (failure !== undefined && !signal.aborted) throw failure;
    // No event says that the process is gone; the folder does. The page's server stops with the run.
    const last = await read();
    link = isUnderWay(last) ? link : undefined;
    await draw(last);
  } finally {
    stop.abort();
    await end;
  }
}

/** Within the output's own box only; a front end that drops it shows its usual tables. */
const TABLE_STYLE =
  `<style>.stitchbook table{border-collapse:collapse;font-variant-numeric:tabular-nums}.stitchbook caption{
caption-side:top;text-align:left;opacity:.7;padding:.3em 0}.stitchbook th,.stitchbook td{text-align:left;padding:.2em .7em}
.stitchbook .n{text-align:right}.stitchbook small{display:block;opacity:.65}.stitchbook .wide{overflow-x:auto}</style>`;

/** The results of a run as tables and sentences. @throws UserError while there are none */
export function resultsBundle(view: RunView): MediaBundle {
  const results = view.results;
  if (results === null) {
    throw new UserError(
      "notebook.no-results",
      `Run ${view.id} has no results (${view.status}): ${
        isUnderWay(view) ? "wait for its end with `await run.watch()`" : "it did not reach its end"
      }`,
    );
  }
  const grids = [...measureGrids(results, "scores"), ...measureGrids(results, "cost")];
  const words = claims(view);
  const marks = { yes: "✓", no: "✗", unclear: "?" } as const;
  const list = words.map(({ holds, text }) => `${marks[holds]} ${text}`);
  const plain = [...grids.map((grid) => `${grid.caption}\n${gridMarkdown(grid)}`), list.join("\n")].join("\n\n");
  return {
    "text/html": `<div class="stitchbook">${TABLE_STYLE}${
      grids.map(gridHtml).join("")
    }<ul style="list-style:none;padding:0">${
      words.map(({ holds, text }) => `<li>${marks[holds]} ${escapeHtml(text)}</li>`).join("")
    }</ul></div>`,
    "text/plain": plain,
  };
}

/** One figure of a run. @throws UserError for an unknown name, or when the run has no data for it */
function figureBundle(view: RunView, name: FigureName): MediaBundle {
  if (!Object.hasOwn(FIGURES, name)) {
    throw new UserError(
      "notebook.figure",
      `There is no figure "${name}": the figures are ${Object.keys(FIGURES).join(", ")}`,
    );
  }
  const figure: Figure | undefined = FIGURES[name](view);
  if (figure === undefined) {
    throw new UserError(
      "notebook.no-figure",
      `Run ${view.id} (${view.status}) has logged nothing for the figure "${name}"`,
    );
  }
  return { "text/html": figureHtml(figure), "text/plain": `${figure.title}. ${figure.caption}` };
}
