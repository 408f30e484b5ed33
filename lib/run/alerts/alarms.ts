// Alarms during a run: the watch inside its process, and the webhook.
import { attempt } from "../../errors.ts";
import type { Run } from "../cells/cell.ts";
import type { RunListener } from "../log/run-writer.ts";
import { watchRun } from "./watch.ts";
import { openWebhook } from "./webhook.ts";

export interface AlarmOptions {
  /** The folder that the run is written to. */
  readonly folder: string;
  readonly title: string;
  /** The run, once it is open. */
  readonly run: () => Run | undefined;
  /** The URL that alerts are posted to, if any. */
  readonly webhook: URL | undefined;
}

/** The alarms of one run. */
export interface Alarms {
  /** Pass it to the run. */
  readonly onEvent: RunListener;
  /** Call it when the run has ended; it waits for posts in progress. */
  close(): Promise<void>;
}

/** Watches a run for stalls and a full disk, and posts its alerts to the webhook, if there is one. */
export function openAlarms({ folder, title, run, webhook }: AlarmOptions): Alarms {
  // It fails if the run has just ended, or if its log cannot be written, which ends it with its own message.
  const watch = watchRun({ folder, onAlert: (text, alert) => attempt(() => run()?.note(text, "warning", alert)) });
  const hook = webhook === undefined ? undefined : openWebhook({
    url: webhook,
    run: () => ({ id: run()?.id ?? "", title }),
    onTrouble(text) {
      try {
        const open = run();
        if (open !== undefined) return open.note(text, "warning");
      } catch {
        // The log is closed: the failed post is that of the run's end.
      }
      console.error(`warning: ${text}`);
    },
  });
  return {
    onEvent(event, replayed) {
      watch.onEvent(event, replayed);
      hook?.onEvent(event, replayed);
    },
    async close() {
      watch.close();
      await hook?.close();
    },
  };
}
