// The live connection to a run: events in order, none twice, across server restarts and sleeping tabs.
import type { RunEvent } from "../../run/mod.ts";
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
  /** The last `seq` the page has. */
  readonly after: number;
  readonly onEvent: (event: RunEvent) => void;
  /** The run's process is gone; nothing more will come. */
  readonly onLost: () => void;
  readonly onState: (state: ConnectionState) => void;
}

/** A hidden tab gives its connection back after this long: browsers open only six to one server … */
const HIDDEN_MS = 20_000;
/** … but so many keep it, to learn how the run ends: its server goes with it. */
const HIDDEN_CONNECTIONS = 3;
/** Waiting times between attempts, in milliseconds. When all have failed the server counts as closed. */
const BACKOFF = [500, 1000, 2000, 4000];
/** How often it is asked after the run's end whether the server is still there, and when it was not. */
const WATCH_MS = { there: 3_000, gone: 15_000 } as const;

/** Follows a run until its end. */
export function follow(id: string, { after, onEvent, onLost, onState }: Follower): void {
  let seen = after;
  let source: EventSource | undefined;
  let attempts = 0;
  let ended = false;
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
  };

  const connect = () => {
    disconnect();
    if (attempts <= BACKOFF.length) onState(attempts === 0 ? "connecting" : "reconnecting");
    const mine = source = new EventSource(`/api/runs/${encodeURIComponent(id)}/stream?after=${seen}`);
    mine.onopen = () => {
      attempts = 0;
      onState("live");
    };
    mine.onmessage = ({ data }) => {
      const event = JSON.parse(data) as RunEvent;
      if (event.seq <= seen) return;
      seen = event.seq;
      onEvent(event);
      if (event.kind === "run.end") end();
    };
    mine.addEventListener("status", ({ data }) => {
      if (JSON.parse(data).status !== "lost") return;
      end();
      onLost();
    });
    // The browser's own retry stops at the first refusal, such as a proxy's 502; this one does not.
    mine.onerror = () => {
      if (ended || mine !== source) return;
      disconnect();
      onState(attempts < BACKOFF.length ? "reconnecting" : "closed");
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
  connect();
}

/** Whether this hidden tab may keep its connection, until the promise is resolved: the first few may. */
async function keepsConnection(until: Promise<void>): Promise<boolean> {
  // Locks are shared by all tabs of this server; a page that is not from a loopback name may have none.
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

/** Calls `onChange` whenever the server has gone or come back, for a page that has no stream any more. */
export function watchServer(onChange: (there: boolean) => void): void {
  let there = true;
  const look = async () => {
    if (!document.hidden) {
      const answers = await fetch("/healthz").then(({ ok }) => ok, () => false);
      if (answers !== there) onChange(there = answers);
    }
    setTimeout(look, there ? WATCH_MS.there : WATCH_MS.gone);
  };
  setTimeout(look, WATCH_MS.there);
}
