// The new messages of a run that is followed: its log is read once, however many follow it.
import { explainError } from "../errors.ts";
import { type FoldStore, followEvents } from "../run/mod.ts";
import { eventMessage, joined, LOST_MESSAGE, type Message } from "./messages.ts";

/** What is new in a run's log while somebody follows it. */
export interface Feed {
  readonly id: string;
  /** The newest messages, without gaps. */
  messages: Message[];
  /** Every event after this `seq` is among the messages, or will be. What came earlier is in the log only. */
  base: number;
  /** Resolves when `base` is known. */
  readonly opened: Promise<void>;
  /** Whether no more messages will come. */
  over: boolean;
  /** Resolves at the next change. */
  changed: PromiseWithResolvers<void>;
  /** Ends the pauses of followers. */
  readonly pauses: Set<() => void>;
  /** Stops reading at once. */
  stop(): void;
  /** Stops reading after what is in the log by then, and hands it out without pauses. */
  finish(): void;
  /** Some messages as bytes: followers that are in step get the same. */
  chunkAt(first: number, most: number): { readonly bytes: Uint8Array; readonly lastSeq: number };
}

export interface FeedOptions {
  readonly runsFolder: string;
  readonly folds: Pick<FoldStore, "placeBefore">;
  /** Time between two looks at the log. */
  readonly lookMs: () => number;
}

/** So many messages are kept for followers that are behind, at least; those further behind read the log. */
const KEPT = 4096;

/** Follows a run's log. @param after the first follower has the events up to this `seq` */
export function openFeed(id: string, after: number, { runsFolder, folds, lookMs }: FeedOptions): Feed {
  const opened = Promise.withResolvers<void>();
  const [stop, finish] = [new AbortController(), new AbortController()];
  let chunk: { readonly first: Message; readonly last: Message; readonly bytes: Uint8Array } | undefined;
  const feed: Feed = {
    id,
    messages: [],
    base: after,
    opened: opened.promise,
    over: false,
    changed: Promise.withResolvers(),
    pauses: new Set(),
    stop: () => stop.abort(),
    finish() {
      finish.abort();
      endPauses(feed);
    },
    chunkAt(first, most) {
      const messages = feed.messages.slice(first, first + most);
      const [start, last] = [messages[0]!, messages.at(-1)!];
      if (chunk?.first !== start || chunk.last !== last) chunk = { first: start, last, bytes: joined(messages) };
      return { bytes: chunk.bytes, lastSeq: last.seq };
    },
  };

  const pump = async () => {
    let ended = false;
    try {
      const end = await folds.placeBefore(id, Infinity);
      feed.base = Math.max(after, end.position.seq - KEPT);
      const from = feed.base >= end.position.seq ? end : await folds.placeBefore(id, feed.base);
      opened.resolve();
      ended = from.ended;
      const options = { after: feed.base, from, signal: stop.signal, finish: finish.signal, pollMs: lookMs };
      for await (const event of followEvents(runsFolder, id, options)) {
        publish(feed, eventMessage(event));
        ended = event.kind === "run.end";
      }
    } catch (error) {
      console.error(`Cannot read the log of run ${id}: ${explainError(error)}`);
    }
    opened.resolve();
    // The log ended without saying so: the run's process is gone.
    if (!ended && !stop.signal.aborted && !finish.signal.aborted) publish(feed, LOST_MESSAGE);
    feed.over = true;
    endPauses(feed);
    wake(feed);
  };
  pump();
  return feed;
}

function publish(feed: Feed, message: Message): void {
  feed.messages.push(message);
  if (feed.messages.length > 2 * KEPT) {
    feed.base = feed.messages[KEPT - 1]!.seq;
    feed.messages = feed.messages.slice(KEPT);
  }
  wake(feed);
}

function endPauses({ pauses }: Feed): void {
  for (const end of [...pauses]) end();
}

function wake(feed: Feed): void {
  feed.changed.resolve();
  feed.changed = Promise.withResolvers();
}
