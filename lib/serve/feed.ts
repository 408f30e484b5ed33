// One reader of a run's log for all its followers: each follower is a position in a shared list of messages.
import { explainError } from "../errors.ts";
import { withTimeout } from "../timeout.ts";
import { followEvents, readEvents, type RunEvent } from "../run/mod.ts";

/** One follower's position. */
export interface Subscription {
  /**
   * The next messages, several at once if many are waiting; undefined at the end.
   * A slow follower delays nobody and costs no memory.
   */
  next(): Promise<string | undefined>;
  /** Whether more will come: false when the run is over and the follower has everything. */
  hasMore(patienceMs: number): Promise<boolean>;
  close(): void;
}

/** The runs that are being followed. */
export interface Feeds {
  /** @param after only events with a greater `seq` */
  subscribe(id: string, after: number): Subscription;
  /** The number of followers. */
  followers(): number;
  /**
   * Sends every follower the rest of its log and then ends its stream, because the server is about to stop.
   * Resolves when all followers have closed. Later subscribers get the same treatment.
   */
  finish(): Promise<void>;
}

interface Feed {
  readonly messages: string[];
  readonly seqs: number[];
  readonly abort: AbortController;
  followers: number;
  over: boolean;
  /** Resolves at the next change. */
  changed: PromiseWithResolvers<void>;
  /** Ends the pauses of followers. */
  readonly pauses: Set<() => void>;
}

/** Most messages in one chunk. */
const CHUNK = 128;
/**
 * A follower gets chunks this many milliseconds apart for each follower there is, so that all of them together get at most
 * 250 chunks a second: what watching takes from training is bounded, however many watch and however short steps are.
 */
const PACE_MS = 4;
const LONGEST_PAUSE_MS = 1_000;

/** Feeds of the runs in a folder. A log is read once, however many follow it, and only while someone does. */
export function createFeeds(runsFolder: string): Feeds {
  const feeds = new Map<string, Feed>();
  let followers = 0;
  /** Set by `finish()`: resolves when no followers are left. */
  let finished: PromiseWithResolvers<void> | undefined;

  const open = (id: string): Feed => {
    const feed: Feed = {
      messages: [],
      seqs: [],
      abort: new AbortController(),
      followers: 0,
      over: false,
      changed: Promise.withResolvers(),
      pauses: new Set(),
    };
    feeds.set(id, feed);
    if (finished !== undefined) feed.abort.abort();
    pump(feed, runsFolder, id);
    return feed;
  };

  return {
    subscribe(id, after) {
      const feed = feeds.get(id) ?? open(id);
      feed.followers++;
      followers++;
      let closed = false;
      let place = 0;
      let sent = -Infinity;
      let endPause = () => {};
      /** Waits for this follower's turn, unless the run is over or the server is about to stop. */
      const turn = async () => {
        const ms = sent + Math.min(PACE_MS * followers, LONGEST_PAUSE_MS) - performance.now();
        if (ms <= 0 || feed.over || finished !== undefined) return;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(() => endPause(), ms);
          endPause = () => {
            clearTimeout(timer);
            feed.pauses.delete(endPause);
            resolve();
          };
          feed.pauses.add(endPause);
        });
      };
      const skip = () => {
        while (place < feed.seqs.length && feed.seqs[place]! <= after) place++;
        return place < feed.messages.length;
      };
      return {
        async next() {
          while (!closed) {
            if (skip()) {
              await turn();
              if (closed) return undefined;
              sent = performance.now();
              const chunk = feed.messages.slice(place, place + CHUNK);
              place += chunk.length;
              return chunk.join("");
            }
            if (feed.over) return undefined;
            await feed.changed.promise;
          }
          return undefined;
        },
        async hasMore(patienceMs) {
          const end = performance.now() + patienceMs;
          while (!skip() && !feed.over && performance.now() < end) {
            await withTimeout(feed.changed.promise, end - performance.now());
          }
          return skip() || !feed.over;
        },
        close() {
          if (closed) return;
          closed = true;
          endPause();
          if (--followers === 0) finished?.resolve();
          if (--feed.followers > 0) return;
          feed.abort.abort();
          if (feeds.get(id) === feed) feeds.delete(id);
        },
      };
    },
    followers: () => followers,
    finish() {
      if (finished === undefined) {
        finished = Promise.withResolvers();
        if (followers === 0) finished.resolve();
        for (const feed of feeds.values()) {
          feed.abort.abort();
          endPauses(feed);
        }
      }
      return finished.promise;
    },
  };
}

/** Publishes a run's log as it grows. Once aborted, it publishes what is in the log by then and stops. */
async function pump(feed: Feed, runsFolder: string, id: string): Promise<void> {
  const publish = (message: string, seq: number) => {
    feed.messages.push(message);
    feed.seqs.push(seq);
    wake(feed);
  };
  let ended = false;
  try {
    for await (const event of followEvents(runsFolder, id, { signal: feed.abort.signal })) {
      publish(eventMessage(event), event.seq);
      ended = event.kind === "run.end";
    }
    if (!ended && feed.abort.signal.aborted && feed.followers > 0) {
      const rest = await readEvents(runsFolder, id, { after: feed.seqs.at(-1) ?? -1 });
      for (const event of rest?.events ?? []) publish(eventMessage(event), event.seq);
    }
  } catch (error) {
    console.error(`Cannot read the log of run ${id}: ${explainError(error)}`);
  }
  // The log ended without saying so: the run's process is gone.
  if (!ended && !feed.abort.signal.aborted) publish('event: status\ndata: {"status":"lost"}\n\n', Infinity);
  feed.over = true;
  endPauses(feed);
  wake(feed);
}

function endPauses({ pauses }: Feed): void {
  for (const end of [...pauses]) end();
}

function wake(feed: Feed): void {
  feed.changed.resolve();
  feed.changed = Promise.withResolvers();
}

/** One event as a message; JSON has no raw line breaks, so one `data:` line holds it. */
function eventMessage(event: RunEvent): string {
  return `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`;
}
