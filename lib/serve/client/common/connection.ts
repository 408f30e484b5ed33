// The live connection to a run: events in order and without duplicates, across server restarts and sleeping tabs.
import type { RunEvent } from "../../../run/mod.ts";
import { isUnderWay } from "../../../run/view/mod.ts";
import type { StatusResponse } from "../../schemas.ts";
import { setAttribute, setText } from "./dom.ts";

export type ConnectionState = "connecting" | "live" | "reconnecting" | "closed" | "paused" | "ended";

const STATE_TEXT: Readonly<Record<ConnectionState, string>> = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  closed: "Closed",
  paused: "Paused",
  ended: "Run ended",
};

/** Shows a state in the page's header. */
export function showConnection(element: HTMLElement, state: ConnectionState): void {
  setAttribute(element, "data-state", state);
  setText(element, STATE_TEXT[state]);
}

export interface Follower {
  /** The last `seq` the page has, and when it was written. */
  readonly after: number;
  readonly updatedAt: string;
  /** Whether the run was over when the page asked for it. */
  readonly over: boolean;
  readonly onEvent: (event: RunEvent) => void;
  /** The run's process is gone; nothing more will come, unless it is resumed. */
  readonly onLost: () => void;
  /** Somebody removed the run, or restored it. */
  readonly onRemoved: (removed: boolean) => void;
  /** The server has gone, or is back, after the run's end. */
  readonly onServer: (there: boolean) => void;
  readonly onState: (state: ConnectionState) => void;
}

/** A hidden tab releases its connection after this long, because browsers open only six per server … */
const HIDDEN_MS = 20_000;
/** … except for this many, which keep it to learn how the run ends: the server stops with the run. */
const HIDDEN_CONNECTIONS = 3;
/** Waiting times between attempts, in milliseconds. After that the server counts as closed. */
const BACKOFF = [500, 1000, 2000, 4000];
/** Time between requests after the run's end, while the server is there and while it is not: the run may be resumed. */
const WATCH_MS = { there: 3_000, gone: 15_000 } as const;

/** Follows a run. After its end, asks from time to time whether it was resumed. */
export function follow(id: string, follower: Follower): void {
  const { onEvent, onLost, onRemoved, onState, onServer } = follower;
  const address = `/api/runs/${encodeURIComponent(id)}`;
  let seen = follower.after;
  let updatedAt = follower.updatedAt;
  let source: EventSource | undefined;
  let attempts = 0;
  let ended = false;
  let removed = false;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let hiding: ReturnType<typeof setTimeout> | undefined;
  /** Resolved when a hidden tab no longer needs to keep its connection. */
  let seenAgain = Promise.withResolvers<void>();

  const disconnect = () => {
    clearTimeout(retry);
    source?.close();
    source = undefined;
  };

  const end = () => {
    ended = true;
    disconnect();
    seenAgain.resolve();
    onState("ended");
    watch(true);
  };

  const noteRemoval = (now: boolean) => {
    if (now === removed) return;
    removed = now;
    onRemoved(now);
  };

  const watch = (there: boolean) => {
    retry = setTimeout(async () => {
      if (document.hidden) return watch(there);
      const response = await fetch(`${address}/status`).catch(() => undefined);
      if ((response !== undefined) !== there) onServer(!there);
      if (response !== undefined) noteRemoval(response.status === 404);
      const answer: StatusResponse | undefined = response?.ok
        ? await response.json().catch(() => undefined)
        : undefined;
      // A run that was resumed may be over again by now.
      if (answer === undefined || (!isUnderWay(answer) && answer.updatedAt === updatedAt)) {
        return watch(response !== undefined);
      }
      updatedAt = answer.updatedAt;
      ended = false;
      attempts = 0;
      connect();
    }, WATCH_MS[there ? "there" : "gone"]);
  };

  const connect = () => {
    disconnect();
    if (attempts <= BACKOFF.length) onState(attempts === 0 ? "connecting" : "reconnecting");
    const mine = source = new EventSource(`${address}/stream?after=${seen}`);
    mine.onopen = () => {
      attempts = 0;
      onState("live");
    };
    mine.onmessage = ({ data }) => {
      const event = JSON.parse(data) as RunEvent;
      if (event.seq <= seen) return;
      seen = event.seq;
      updatedAt = event.time;
      onEvent(event);
      if (event.kind === "run.end") end();
    };
    mine.addEventListener("status", ({ data }) => {
      if (JSON.parse(data).status !== "lost") return;
      end();
      onLost();
    });
    // The browser's own retry gives up at the first error response, such as a proxy's 502; this one does not.
    mine.onerror = async () => {
      if (ended || mine !== source) return;
      disconnect();
      onState(attempts < BACKOFF.length ? "reconnecting" : "closed");
      if ((await fetch(`${address}/status`).catch(() => undefined))?.status === 404) {
        noteRemoval(true);
        return end();
      }
      retry = setTimeout(connect, BACKOFF[Math.min(attempts++, BACKOFF.length - 1)]);
    };
  };

  const hide = async () => {
    if (await keepsConnection(seenAgain.promise) || !document.hidden || ended) return;
    disconnect();
    onState("paused");
  };

  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (ended) return;
    if (document.hidden) {
      hiding = setTimeout(hide, HIDDEN_MS);
      return;
    }
    seenAgain.resolve();
    seenAgain = Promise.withResolvers();
    if (source === undefined) {
      attempts = 0;
      connect();
    }
  });
  addEventListener("online", () => source === undefined && !ended && !document.hidden && connect());
  if (follower.over) end();
  else connect();
}

/** Whether this hidden tab may keep its connection until the promise resolves: the first few may. */
async function keepsConnection(until: Promise<void>): Promise<boolean> {
  // All tabs of this server share locks; they need a secure context, such as a loopback name.
  if (navigator.locks === undefined) return false;
  for (let slot = 0; slot < HIDDEN_CONNECTIONS; slot++) {
    const got = await new Promise<boolean>((resolve) => {
      navigator.locks.request(`stitchbook-hidden-${slot}`, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock === null ? undefined : until;
      }).catch(() => resolve(false));
    });
    if (got) return true;
  }
  return false;
}
