// Many followers of one log: paced together while it grows, and nothing is late or missing at its end.
import assert from "node:assert/strict";
import { createFeeds } from "../../lib/serve/feed.ts";
import { demoBodies } from "../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../run/fake-run.ts";

const ID = "20261122-101010-bts-demo-aaaa";
const MANY = 100;
/** As in feed.ts: milliseconds between chunks of a follower, for each follower there is. */
const PACE_MS = 4;

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
      for (let text = await follower.next(); text !== undefined; text = await follower.next()) {
        chunks.push({ text, at: performance.now() - began });
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
    assert.match((await first!.next())!, /^id: 0\n/);
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
