// A notebook's handle to a run: watch it, stop it, read it, use its models. Everything that it returns shows itself.
import { join } from "node:path";
import { type GenerateOptions, openRun, type SavedRun, type TrainedModel } from "../library/mod.ts";
import { readRun, type RunResults, type RunStatus, type RunView, stopAndWait } from "../run/mod.ts";
import type { Figure } from "../report/mod.ts";
import { card } from "./card.ts";
import { type DISPLAY, type Displayable, displaying, type Shown, shown } from "./display.ts";
import { type CurveOptions, figureBundle, type FigureName, runFigure } from "./show/figure.ts";
import { type GatesOptions, type TextGates, textGates } from "./show/gates.ts";
import { showsModel } from "./show/model.ts";
import { resultsBundle, resultsOf } from "./show/results.ts";
import { type Settings, settingsOf } from "./show/settings.ts";
import { type MetricRow, metricsTable } from "./show/metrics.ts";
import { loggedTable, type Rows } from "./show/table.ts";
import { serverOf } from "./stream.ts";
import { told } from "./told.ts";
import { watch, type WatchOptions } from "./watch.ts";

/** A run, seen from a notebook; `using` frees its models. As the value of a notebook's cell it shows its card. */
export interface RunHandle extends Displayable, Disposable {
  readonly id: string;
  readonly runsFolder: string;
  /** The run, folded from its log. */
  view(): Promise<RunView>;
  /** Address of the run's page, or undefined when no server shows it. */
  url(): Promise<string | undefined>;
  /** Shows a live card with curves, updated in place until the run ends. The run does not depend on it. */
  watch(options?: WatchOptions): Promise<void>;
  /**
   * Asks the run to stop and waits until it has; finished cells stay.
   *
   * @returns its status then
   * @throws UserError `stop.over` when no process works on it, `stop.elsewhere`, `stop.refused`, `stop.timeout`
   */
  stop(options?: { readonly seconds?: number }): Promise<RunStatus>;
  /**
   * What a cell logged by step: rows that show themselves as a table.
   *
   * @throws UserError `cell.unknown` naming the cells that there are
   */
  metrics(cell: string): Shown<Rows<MetricRow>>;
  /**
   * The results: as tables, and the findings in words.
   *
   * @throws UserError `notebook.no-results` while there are none
   */
  results(): Shown<RunResults & Displayable>;
  /**
   * A table that any of its cells logged, as rows.
   *
   * @throws UserError `notebook.table` naming the tables that there are
   */
  table(name: string): Shown<Rows>;
  /** The settings, with where each comes from. */
  settings(): Shown<Settings>;
  /**
   * A figure of the report; `loss` takes options of its curves.
   *
   * @throws UserError `notebook.figure` for an unknown figure or option, `notebook.no-figure` when nothing was logged for it
   */
  figure(name: FigureName, options?: CurveOptions): Shown<Figure & Displayable>;
  /** The names of its models. */
  models(): Promise<string[]>;
  /**
   * Opens a model: it generates and scores text, and shows its layers, parameters and memory.
   *
   * @throws UserError as `model()` of `openRun()` does, such as `model.unknown` naming the models that there are
   */
  model(name: string): Shown<TrainedModel & Displayable>;
  /**
   * Continues a text with a model, which stays open for the next one.
   *
   * @param options.model @default `bts`, or else the run's last model
   * @throws UserError as {@linkcode RunHandle.model} and the model's `generate()` do
   */
  generate(prompt: string, options?: GenerateOptions & { readonly model?: string }): Promise<string>;
  /**
   * The gates of a model along a text: which of its models speaks at each token.
   *
   * @param options.model @default `bts`, or else the run's last model
   * @throws UserError `notebook.gates` for a model without gates
   */
  gates(text: string, options?: GatesOptions & { readonly model?: string }): Shown<TextGates>;
}

/** The handle to the run with this id. Nothing is read until a method is called. */
export function runHandle(runsFolder: string, id: string): RunHandle {
  const folder = join(runsFolder, id);
  let opened: SavedRun | undefined;
  const kept = new Map<string, TrainedModel>();
  const view = () =>
    told(async () => {
      // A run that is gone may be in the trash: opening it says so.
      return await readRun(runsFolder, id) ?? (await openRun(id, { runs: runsFolder })).view;
    });
  const url = async () => {
    const server = await serverOf(runsFolder, id);
    return server && `${server.origin}/runs/${id}`;
  };
  const saved = async () => opened ??= await openRun(id, { runs: runsFolder });
  const nameOr = async (name: string | undefined) => {
    if (name !== undefined) return name;
    const names = await (await saved()).models();
    return names.includes("bts") ? "bts" : names.at(-1)!;
  };
  const handle: Omit<RunHandle, typeof DISPLAY> = {
    id,
    runsFolder,
    view,
    url,
    watch: (options) => told(() => watch({ id, runsFolder, view, url }, options)),
    stop: ({ seconds = 30 } = {}) =>
      told(async () => {
        await stopAndWait(folder, id, seconds);
        return (await view()).status;
      }),
    metrics: (cell) =>
      shown(told(async () => {
        using run = await openRun(id, { runs: runsFolder });
        return metricsTable(cell, run.metrics(cell));
      })),
    results: () =>
      shown(told(async () => {
        const found = await view();
        const results = resultsOf(found);
        return displaying({ ...results }, () => resultsBundle(found, results));
      })),
    table: (name) => shown(told(async () => loggedTable(await view(), name))),
    settings: () => shown(told(async () => await settingsOf(runsFolder, await view()))),
    figure: (name, options) =>
      shown(told(async () => {
        const figure = runFigure(await view(), name, options);
        return displaying({ ...figure }, () => figureBundle(figure));
      })),
    models: () => told(async () => await (await saved()).models()),
    model: (name) => shown(told(async () => showsModel(await (await saved()).model(name), id))),
    generate: (prompt, { model, ...options } = {}) =>
      told(async () => {
        const name = await nameOr(model);
        const used = kept.get(name) ?? await (await saved()).model(name);
        kept.set(name, used);
        return await used.generate(prompt, options);
      }),
    gates: (text, { model, ...options } = {}) =>
      shown(told(async () => await textGates(folder, await nameOr(model), text, options))),
    [Symbol.dispose]() {
      opened?.[Symbol.dispose]();
      opened = undefined;
      kept.clear();
    },
  };
  return displaying(handle, async () => card(await view(), { url: await url(), now: new Date().toISOString() }));
}
