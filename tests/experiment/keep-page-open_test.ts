// A run's page stays available while it is open, and no longer.
import assert from "node:assert/strict";
import { keepPageOpen } from "../../lib/experiment/keep-page-open.ts";
import { startServerWorker } from "../../lib/serve/mod.ts";
import { withFolder } from "../run/fixtures.ts";

const server = (...idle: number[]) => ({ url: "", idleMs: () => Promise.resolve(idle.shift() ?? Infinity) });

Deno.test("`keepPageOpen()` returns at once when no page is open", async () => {
  for (const idle of [Infinity, 60_000]) {
    const said: string[] = [];
    await keepPageOpen(server(idle), (text) => said.push(text), new AbortController().signal);
    assert.deepEqual(said, []);
  }
});

Deno.test("`keepPageOpen()` waits until the page is closed, and says so once", async () => {
  const said: string[] = [];
  const pages = [100, 200, 300, 20_000];
  await keepPageOpen(server(...pages), (text) => said.push(text), new AbortController().signal);
  assert.equal(said.length, 1);
  assert.match(said[0]!, /Ctrl-C/);
});

Deno.test("`keepPageOpen()` ends when the signal is aborted", async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 20);
  await keepPageOpen({ url: "", idleMs: () => Promise.resolve(0) }, () => {}, controller.signal);
});

Deno.test("a server in a worker says how long nobody has asked", () =>
  withFolder(async (runsFolder) => {
    const worker = await startServerWorker({ runsFolder, port: 0 });
    try {
      assert.equal(await worker.idleMs(), Infinity);
      await (await fetch(`${worker.url}healthz`)).body?.cancel();
      assert.ok(await worker.idleMs() < 5_000);
    } finally {
      await worker.close();
    }
  }));
