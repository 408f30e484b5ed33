// The live connection to a run: events in order, none twice, across server restarts and sleeping tabs.
import type { RunEvent } from "../../run/mod.ts";
import { setAttribute, setText } from "./dom.ts";

export type ConnectionState = "connecting" | "live" | "reconnecting" | "paused" | "ended";

const STATE_TEXT: Readonly<Record<ConnectionState, string>> = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
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

/** A hidden tab gives its connection back after this long: browsers open only six to one server. */
const HIDDEN_MS = 20_000;
/** Waiting times between attempts, in milliseconds. */
const BACKOFF = [500, 1000, 2000, 4000];

/** Follows a run until its end. */
export function follow(id: string, { after, onEvent, onLost, onState }: Follower): void {
  let seen = after;
  let source: EventSource | undefined;
  let attempts = 0;
  let ended = false;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let hiding: ReturnType<typeof setTimeout> | undefined;

  const disconnect = () => {
    clearTimeout(retry);
    source?.close();
    source = undefined;
  };

  const end = () => {
    ended = true;
    disconnect();
    onState("ended");
  };

  const connect = () => {
    disconnect();
    onState(attempts === 0 ? "connecting" : "reconnecting");
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
      onState("reconnecting");
      retry = setTimeout(connect, BACKOFF[Math.min(attempts++, BACKOFF.length - 1)]);
    };
  };

  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (ended) return;
    if (document.hidden) {
      hiding = setTimeout(() => {
        disconnect();
        onState("paused");
      }, HIDDEN_MS);
    } else if (source === undefined) {
      attempts = 0;
      connect();
    }
  });
  addEventListener("online", () => source === undefined && !ended && !document.hidden && connect());
  connect();
}
