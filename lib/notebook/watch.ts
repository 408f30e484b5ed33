// Watching a run: one live card, replaced in place until the run ends.
import { withTimeout } from "../timeout.ts";
import { applyEvent, isUnderWay, type RunView } from "../run/mod.ts";
import { card } from "./card.ts";
import { kernelShow, newDisplayId, type Show } from "./display.ts";
import { bundleBytes, pacer, type Pause } from "./pacer.ts";
import { runEvents } from "./stream.ts";

/** Options of `watch()`. */
export interface WatchOptions {
  /** Where the card goes. @default the kernel */
  readonly show?: Show;
  /** Stops watching; the run continues. */
  readonly signal?: AbortSignal;
  /** Milliseconds between updates. @default by size: half a second or more, on average 1,250 bytes a second */
  readonly pause?: Pause;
}

/** The run that is watched. */
export interface Watched {
  readonly id: string;
  readonly runsFolder: string;
  view(): Promise<RunView>;
  url(): Promise<string | undefined>;
}

/**
 * Shows a card of the run and updates it until the run ends, its process is gone, or the signal is aborted.
 *
 * @throws UserError when the run or its log cannot be read
 */
export async function watch(run: Watched, options: WatchOptions = {}): Promise<void> {
  const { show = kernelShow(), pause = pacer() } = options;
  const displayId = newDisplayId();
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const first = await run.view();
  let view: RunView | undefined;
  let failure: unknown;
  let ended = false;
  const end = (async () => {
    try {
      for await (const event of runEvents(run.runsFolder, run.id, signal)) view = applyEvent(view, event);
    } catch (error) {
      failure = error;
    } finally {
      ended = true;
    }
  })();
  let update = false;
  let shown = "";
  let link = await run.url();
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
      await withTimeout(end, pause(bytes));
      if (!ended && view !== undefined) bytes = await draw(view);
      link ??= await run.url();
    }
    if (failure !== undefined && !signal.aborted) throw failure;
    // No event says that the process is gone; the folder does. The page's server stops with the run.
    const last = await run.view();
    link = isUnderWay(last) ? link : undefined;
    await draw(last);
  } finally {
    stop.abort();
    await end;
  }
}
