// The runs that are being followed, and the pace at which all their followers together are served.
import { createFoldStore, type FoldStore } from "../run/mod.ts";
import { type Feed, openFeed } from "./feed.ts";
import { type Follower, follower } from "./follower.ts";

/** The runs that are being followed. */
export interface Feeds {
  /** @param after only events with a greater `seq` */
  subscribe(id: string, after: number): Follower;
  /** The number of followers. */
  followers(): number;
  /**
   * Sends every follower the rest of its log and then ends its stream, because the server is about to stop.
   * Resolves when all followers have closed. Later subscribers get the same treatment.
   */
  finish(): Promise<void>;
}

/**
 * A follower gets chunks this many milliseconds apart for each follower there is, so that all of them together get at most
 * 50 chunks a second: what watching takes from training is bounded, however many watch and however short steps are.
 */
const PACE_MS = 20;
const LONGEST_PAUSE_MS = 4_000;
/** Logs are looked at no more often than followers get chunks, within these bounds. */
const LOOK_MS = { least: 50, most: 400 } as const;

/**
 * Feeds of the runs in a folder. A log is read only while someone follows it.
 *
 * @param folds finds the place in a log from which a follower needs it
 */
export function createFeeds(
  runsFolder: string,
  folds: Pick<FoldStore, "placeBefore"> = createFoldStore(runsFolder),
): Feeds {
  const feeds = new Map<string, { readonly feed: Feed; followers: number }>();
  let followers = 0;
  /** Set by `finish()`: resolves when no followers are left. */
  let finished: PromiseWithResolvers<void> | undefined;
  const paceMs = () => finished === undefined ? Math.min(PACE_MS * followers, LONGEST_PAUSE_MS) : 0;
  const lookMs = () => Math.min(Math.max(LOOK_MS.least, paceMs()), LOOK_MS.most);

  const open = (id: string, after: number) => {
    const opened = { feed: openFeed(id, after, { runsFolder, folds, lookMs }), followers: 0 };
    feeds.set(id, opened);
    if (finished !== undefined) opened.feed.finish();
    return opened;
  };

  return {
    subscribe(id, after) {
      const entry = feeds.get(id) ?? open(id, after);
      entry.followers++;
      followers++;
      return follower(entry.feed, after, {
        runsFolder,
        folds,
        paceMs,
        onClose() {
          if (--followers === 0) finished?.resolve();
          if (--entry.followers > 0) return;
          entry.feed.stop();
          if (feeds.get(id) === entry) feeds.delete(id);
        },
      });
    },
    followers: () => followers,
    finish() {
      if (finished === undefined) {
        finished = Promise.withResolvers();
        if (followers === 0) finished.resolve();
        for (const { feed } of feeds.values()) feed.finish();
      }
      return finished.promise;
    },
  };
}
