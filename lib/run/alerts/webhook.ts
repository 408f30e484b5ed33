// Posting alerts to a URL as JSON. A failed post never stops the run, and the URL, which may hold a secret, is never shown.
import { hostname } from "node:os";
import { attempt, UserError } from "../../errors.ts";
import { withTimeout } from "../../timeout.ts";
import type { RunEvent } from "../events/events.ts";
import type { RunListener } from "../log/run-writer.ts";
import { directClient } from "../process/loopback.ts";

/** Environment variable for the default of `--webhook`. */
export const WEBHOOK_VARIABLE = "STITCHBOOK_WEBHOOK";

/** The body of a post; chat services need only `text`. */
export interface WebhookPost {
  readonly text: string;
  readonly level: "warning" | "error";
  readonly time: string;
  readonly host: string;
  /** The run's id; empty while there is none. */
  readonly run: string;
  readonly title: string;
  readonly cell?: string;
  readonly detector?: string;
  readonly action?: string;
  readonly step?: number | undefined;
  readonly values?: Readonly<Record<string, number>>;
}

export interface WebhookOptions {
  readonly url: URL;
  /** The run that the events are of. */
  readonly run: () => { readonly id: string; readonly title: string };
  /** Called once, with a description of the first failure. */
  readonly onTrouble: (text: string) => void;
  /** Timeout of a post in milliseconds. @default 10 000 */
  readonly timeout?: number;
}

/** A poster of alerts. */
export interface Webhook {
  /** Pass it to the run. */
  readonly onEvent: RunListener;
  /** Waits for posts in progress, at most as long as one may take. */
  close(): Promise<void>;
}

/** At most this many posts are queued; while they are, later ones are dropped. */
const MOST_WAITING = 50;

/**
 * Reads a webhook's URL.
 *
 * @param where what set the value, for the message
 * @throws UserError `command.webhook` when it is not an http or https URL; the message does not contain it
 */
export function webhookUrl(value: string, where: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url !== undefined && (url.protocol === "http:" || url.protocol === "https:")) return url;
  const what = url === undefined ? "it is not a URL" : `its scheme is ${url.protocol.slice(0, -1)}`;
  throw new UserError(
    "command.webhook",
    `Cannot post alerts to the URL of ${where}: ${what}`,
    "give a URL that begins with https:// or http://",
  );
}

/** Posts every new alert and error of a run, and its failure, one after another. */
export function openWebhook({ url, run, onTrouble, timeout = 10_000 }: WebhookOptions): Webhook {
  let waiting = 0;
  let troubled = false;
  let queue = Promise.resolve();
  const trouble = (why: string) => {
    if (troubled) return;
    troubled = true;
    report(onTrouble, `Alerts do not reach the webhook at ${url.host}: ${why}`);
  };
  const post = async (body: WebhookPost) => {
    try {
      using client = directClient(url);
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        redirect: "error",
        ...(client === undefined ? {} : { client }),
        signal: AbortSignal.timeout(timeout),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`it answered ${response.status}`);
    } catch (error) {
      trouble(reason(error, timeout));
    } finally {
      waiting--;
    }
  };
  return {
    onEvent(event, replayed) {
      const body = replayed || waiting >= MOST_WAITING ? undefined : postOf(event, run());
      if (body === undefined) return;
      waiting++;
      queue = queue.then(() => post(body));
    },
    async close() {
      await withTimeout(queue, timeout);
      if (waiting > 0) trouble(noAnswer(timeout));
    },
  };
}

/** The post for an event; most events have none. */
function postOf(event: RunEvent, { id, title }: { id: string; title: string }): WebhookPost | undefined {
  const common = { time: event.time, host: hostname(), run: id, title };
  if (event.kind === "run.end") {
    if (event.status !== "failed") return undefined;
    return { text: `${title}: the run failed. ${event.error ?? ""}`.trim(), level: "error", ...common };
  }
  if (event.kind !== "note" || (event.level !== "error" && event.alert === undefined)) return undefined;
  const { cell, alert } = event;
  return {
    text: `${title}${cell === undefined ? "" : `, ${cell}`}: ${event.text}`,
    level: event.level === "error" ? "error" : "warning",
    ...common,
    ...(cell === undefined ? {} : { cell }),
    ...alert,
  };
}

/** Why a post failed, without the URL, which error messages of `fetch` contain. */
function reason(error: unknown, timeout: number): string {
  if (!(error instanceof Error)) return "it could not be reached";
  if (error.name === "TimeoutError") return noAnswer(timeout);
  return /^it answered \d+$/.test(error.message) ? error.message : "it could not be reached";
}

const noAnswer = (timeout: number) => `no answer within ${timeout / 1000} s`;

/** Fails if the run has ended, or if its log cannot be written, which it reports itself. */
function report(onTrouble: (text: string) => void, text: string): void {
  attempt(() => onTrouble(text));
}

/** A command line without `--webhook` and its URL, which may hold a secret; for storing. */
export function withoutWebhook(args: readonly string[]): string[] {
  return args.filter((argument, i) => !/^--webhook(=|$)/.test(argument) && args[i - 1] !== "--webhook");
}
