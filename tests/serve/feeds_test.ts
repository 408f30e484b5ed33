// Many followers of one log: paced together while it grows, and nothing is late or missing at its end.
import assert from "node:assert/strict";
import { createFoldStore, type RunEvent } from "../../lib/run/mod.ts";
import { createFeeds } from "../../lib/serve/feeds.ts";
import type { Follower } from "../../lib/serve/follower.ts";
import { demoBodies } from "../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../run/fake-run.ts";

const ID = "20261122-101010-bts-demo-aaaa";
const MANY = 100;
/** As in feeds.ts: milliseconds between chunks of a follower, for each follower there is. */
const PACE_MS = 20;
const decoder = new TextDecoder();

Deno.test("followers get chunks in turn, and the rest at once when the run ends", () =>
  withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    const bodies = demoBodies({ id: ID, steps: 30 });
    run.append(bodies.slice(0, 3));
    const feeds = createFeeds(runsFolder);
    const began = performance.now();
    const followers = Array.from({ length: MANY }, () => feeds.subscribe(ID, -1));
    const readings = followers.map(async (follower) => {
      const chunks: { text: string; at: number }[] = [];
      for (let bytes = await follower.next(); bytes !== undefined; bytes = await follower.next()) {
        chunks.push({ text: decoder.decode(bytes), at: performance.now() - began });
      }
      return chunks;
    });
    for (const body of bodies.slice(3, -1)) {
      run.append([body]);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const ended = performance.now() - began;
    run.append(bodies.slice(-1));
    run.release();
    for (const chunks of await Promise.all(readings)) {
      const ids = [...chunks.map(({ text }) => text).join("").matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
      assert.deepEqual(ids, bodies.map((_, seq) => seq));
      const before = chunks.filter(({ at }) => at < ended);
      assert.ok(before.length <= 1 + ended / (PACE_MS * MANY), `${before.length} chunks in ${ended} ms`);
    }
    for (const follower of followers) follower.close();
    assert.equal(feeds.followers(), 0);
  }));

Deno.test("a follower that leaves while it waits for its turn gets nothing more", () =>
  withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append(demoBodies({ id: ID, steps: 5 }).slice(0, 3));
    const feeds = createFeeds(runsFolder);
    const followers = Array.from({ length: MANY }, () => feeds.subscribe(ID, -1));
    const [first] = followers;
    assert.match(decoder.decode(await first!.next()), /^id: 0\n/);
    run.append(demoBodies({ id: ID, steps: 5 }).slice(3, 5));
    const next = first!.next();
    await new Promise((resolve) => setTimeout(resolve, 100));
    first!.close();
    assert.equal(await next, undefined);
    const finished = feeds.finish();
    for (const follower of followers) follower.close();
    await finished;
    run.release();
  }));

/** The numbers of the events that a follower gets until its end, or until it has `enough`. */
async function seqsOf(follower: Follower, enough = Infinity): Promise<number[]> {
  const seqs: number[] = [];
  for (let bytes = await follower.next(); bytes !== undefined; bytes = await follower.next()) {
    seqs.push(...[...decoder.decode(bytes).matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)));
    if (seqs.length >= enough) break;
  }
  return seqs;
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const points = (count: number) =>
  Array.from({ length: count }, (_, step) => (
    { kind: "metrics", cell: "seed", step, steps: count, values: { loss: 1 } } as const
  ));

Deno.test("followers that are in step get the same bytes", () =>
  withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append(demoBodies({ id: ID, steps: 5 }).slice(0, 20));
    const feeds = createFeeds(runsFolder);
    const followers = Array.from({ length: 5 }, () => feeds.subscribe(ID, 3));
    const chunks = await Promise.all(followers.map((follower) => follower.next()));
    assert.ok(chunks.every((bytes) => bytes === chunks[0]));
    for (const follower of followers) follower.close();
    run.release();
  }));

Deno.test("followers that begin anywhere, or fall far behind, get everything once", () =>
  withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append([demoBodies({ id: ID })[0]!, ...points(6_000)]);
    const feeds = createFeeds(runsFolder);
    // The first one opens the feed near the end of the log; others need what came before.
    const late = feeds.subscribe(ID, 5_990);
    assert.deepEqual(await seqsOf(late, 10), range(5_991, 6_000));
    const starts = [-1, 17, 1_000, 5_995, 6_000];
    const others = starts.map((after) => ({ after, seqs: seqsOf(feeds.subscribe(ID, after)) }));
    for (let part = 0; part < 4; part++) {
      run.append(points(3_000));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    run.append([{ kind: "run.end", status: "done", seconds: 1 }]);
    run.release();
    const last = 6_000 + 4 * 3_000 + 1;
    for (const { after, seqs } of others) assert.deepEqual(await seqs, range(after + 1, last), `after ${after}`);
    assert.deepEqual(await seqsOf(late), range(6_001, last), "this one asked for nothing meanwhile");
  }));

Deno.test("following from the end of a long log reads nothing of it", () =>
  withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    const events: RunEvent[] = run.append([demoBodies({ id: ID })[0]!, ...points(2_000)]);
    const folds = createFoldStore(runsFolder);
    const seen: number[] = [];
    const spying = {
      async placeBefore(id: string, seq: number) {
        const place = await folds.placeBefore(id, seq);
        seen.push(place.position.seq);
        return place;
      },
    };
    const follower = createFeeds(runsFolder, spying).subscribe(ID, events.at(-1)!.seq);
    while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    run.append(points(1));
    assert.deepEqual(await seqsOf(follower, 1), [2_001]);
    assert.deepEqual(seen, [2_000]);
    follower.close();
    run.release();
  }));
