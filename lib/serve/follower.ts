// One follower of a run: a place in the feed's messages, or in the log where it is behind them.
import { withTimeout } from "../timeout.ts";
import { type FoldStore, followEvents } from "../run/mod.ts";
import type { Feed } from "./feed.ts";
import { eventMessage, joined, type Message } from "./messages.ts";

/** A follower, which takes messages when its reader asks for them: a slow one delays nobody and costs no memory. */
export interface Follower {
  /** The next messages as bytes of a stream, several at once if many are waiting; undefined at the end. */
  next(): Promise<Uint8Array | undefined>;
  /** Whether more will come: false when the run is over and the follower has everything. */
  hasMore(patienceMs: number): Promise<boolean>;
  close(): void;
}

export interface FollowerOptions {
  readonly runsFolder: string;
  readonly folds: Pick<FoldStore, "placeBefore">;
  /** Time between two chunks of a follower. */
  readonly paceMs: () => number;
  readonly onClose: () => void;
}

/** Most messages in one chunk. */
const CHUNK = 128;
/** For reading what is in a log by now. */
const NOW = AbortSignal.abort();

/** A follower of a feed. @param after only events with a greater `seq` */
export function follower(feed: Feed, after: number, { runsFolder, folds, paceMs, onClose }: FollowerOptions): Follower {
  const left = new AbortController();
  /** `seq` of the last event that the follower has. */
  let seen = after;
  let sent = -Infinity;
  let endPause = () => {};
  /** What is read from the log while the follower is behind the feed. */
  let earlier: AsyncGenerator<readonly Message[]> | undefined;

  const isBehind = () => seen < feed.base;
  const place = () => firstAfter(feed.messages, seen);
  const hasNext = () => isBehind() || place() < feed.messages.length;

  /** Waits for this follower's turn, unless the run is over. */
  const turn = async () => {
    const ms = sent + paceMs() - performance.now();
    if (ms <= 0 || feed.over) return;
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

  /** What the log has after `seen`, in chunks, up to where the feed's messages begin. */
  async function* fromLog(): AsyncGenerator<readonly Message[]> {
    const from = await folds.placeBefore(feed.id, seen);
    const options = { after: seen, from, signal: left.signal, finish: NOW };
    let chunk: Message[] = [];
    for await (const event of followEvents(runsFolder, feed.id, options)) {
      chunk.push(eventMessage(event));
      if (chunk.length < CHUNK && event.seq < feed.base) continue;
      yield chunk;
      chunk = [];
    }
    if (chunk.length > 0) yield chunk;
  }

  const takeEarlier = async (): Promise<Uint8Array | undefined> => {
    earlier ??= fromLog();
    const chunk: readonly Message[] | undefined = (await earlier.next()).value;
    // Nothing, if the log is gone or what it has lost is not in it any more.
    seen = chunk?.at(-1)?.seq ?? feed.base;
    if (!isBehind()) {
      await earlier.return(undefined);
      earlier = undefined;
    }
    return chunk && joined(chunk);
  };

  const takeNew = (): Uint8Array => {
    const { bytes, lastSeq } = feed.chunkAt(place(), CHUNK);
    seen = lastSeq;
    return bytes;
  };

  return {
    async next() {
      await feed.opened;
      while (!left.signal.aborted) {
        if (hasNext()) {
          await turn();
          if (left.signal.aborted) return undefined;
          sent = performance.now();
          const bytes = isBehind() ? await takeEarlier() : takeNew();
          if (bytes !== undefined) return bytes;
        } else if (feed.over) return undefined;
        else await feed.changed.promise;
      }
      return undefined;
    },
    async hasMore(patienceMs) {
      const end = performance.now() + patienceMs;
      await withTimeout(feed.opened, patienceMs);
      while (!hasNext() && !feed.over && performance.now() < end) {
        await withTimeout(feed.changed.promise, end - performance.now());
      }
      return hasNext() || !feed.over;
    },
    close() {
      if (left.signal.aborted) return;
      left.abort();
      endPause();
      onClose();
    },
  };
}

/** The first message after `seq`, as an index. */
function firstAfter(messages: readonly Message[], seq: number): number {
  let [low, high] = [0, messages.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (messages[middle]!.seq > seq) high = middle;
    else low = middle + 1;
  }
  return low;
}
