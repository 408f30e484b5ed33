// A run's page stays available until Ctrl-C if somebody has opened it, and otherwise ends with the run.
import assert from "node:assert/strict";
import { keepPageOpen } from "../../lib/experiment/keep-page-open.ts";
import { startServerWorker } from "../../lib/serve/mod.ts";
import { withFolder } from "../run/fixtures.ts";

const server = (...idle: number[]) => ({
  url: "http://127.0.0.1:8420/",
  idleMs: () => Promise.resolve(idle.shift() ?? Infinity),
});

Deno.test("`keepPageOpen()` returns at once if nobody has opened the page", async () => {
  const said: string[] = [];
  await keepPageOpen(server(Infinity), (text) => said.push(text), new AbortController().signal);
  assert.deepEqual(said, []);
});

Deno.test("`keepPageOpen()` waits for Ctrl-C, also when the page is hidden or closed meanwhile, and says so once", async () => {
  const said: string[] = [];
  const controller = new AbortController();
  const pages = [100, 20_000, 3_600_000];
  const idleMs = () => {
    const idle = pages.shift();
    if (idle === undefined) controller.abort();
    return Promise.resolve(idle ?? 3_600_000);
  };
  await keepPageOpen({ url: "http://127.0.0.1:8420/", idleMs }, (text) => said.push(text), controller.signal);
  assert.equal(controller.signal.aborted, true);
  assert.deepEqual(said, ["The page stays at http://127.0.0.1:8420/ until you press Ctrl-C"]);
});

Deno.test("`keepPageOpen()` ends when its server has failed", async () => {
  await keepPageOpen(server(100, Infinity), () => {}, new AbortController().signal);
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
