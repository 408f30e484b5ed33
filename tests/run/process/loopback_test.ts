// With a proxy in the environment, requests to this machine do not go there; requests to other machines do.
import assert from "node:assert/strict";
import { join } from "node:path";
import { directClient, isLoopback } from "../../../lib/run/mod.ts";
import { emptyResults, options, withFolder } from "../fixtures.ts";
import { beginRun } from "../../../lib/run/mod.ts";
import { serve } from "../../../lib/serve/mod.ts";

Deno.test("`isLoopback()` knows the host names of this machine's loopback, and no others", () => {
  const host = (url: string) => new URL(url).hostname;
  for (
    const url of [
      "http://127.0.0.1:1",
      "http://LOCALHOST",
      "http://[::1]:8",
      "http://[0:0:0:0:0:0:0:1]",
      "http://127.1",
    ]
  ) {
    assert.ok(isLoopback(host(url)), url);
  }
  for (
    const url of ["http://127.0.0.1.example.org", "http://localhost.example.org", "http://10.0.0.1", "http://[::2]"]
  ) {
    assert.ok(!isLoopback(host(url)), url);
  }
});

Deno.test("what is sent to an https: address is never sent without encryption", async () => {
  let asked = 0;
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => {
    asked++;
    return new Response();
  });
  const url = new URL(`https://127.0.0.1:${server.addr.port}/`);
  using client = directClient(url);
  await assert.rejects(fetch(url, client === undefined ? {} : { client }));
  assert.equal(asked, 0);
});

Deno.test("notebooks and webhooks reach this machine past a proxy, and other machines through it", () =>
  withFolder(async (runs) => {
    const run = await beginRun(options(runs));
    run.finish(emptyResults);
    const server = serve({ runsFolder: runs, port: 0 });
    await Deno.writeTextFile(join(runs, run.id, "server.json"), JSON.stringify({ url: server.url, pid: Deno.pid }));
    const proxied: string[] = [];
    const listen = { port: 0, hostname: "127.0.0.1", onListen: () => {} };
    const proxy = Deno.serve(listen, (request) => {
      proxied.push(`${request.method} ${request.url}`);
      return new Response("proxy");
    });
    const hooked: string[] = [];
    const hook = Deno.serve(listen, (request) => {
      hooked.push(request.method);
      return new Response("ok");
    });
    const script = `
      import { runEvents, serverOf, streamEvents } from "./lib/notebook/stream.ts";
      import { openWebhook } from "./lib/run/alerts/webhook.ts";
      const [runs, id] = ${JSON.stringify([runs, run.id])};
      const server = await serverOf(runs, id);
      const count = async (events) => (await Array.fromAsync(events)).length;
      const streamed = await count(streamEvents(server, id));
      const all = await count(runEvents(runs, id));
      for (const url of ["http://127.0.0.1:${hook.addr.port}/", "http://localhost:${hook.addr.port}/", "http://alerts.invalid/x"]) {
        const webhook = openWebhook({ url: new URL(url), run: () => ({ id, title: "" }), onTrouble: console.error });
        webhook.onEvent({ kind: "note", seq: 1, time: new Date().toISOString(), level: "error", text: "no" }, false);
        await webhook.close();
      }
      console.log(JSON.stringify({ origin: server.origin, streamed, all }));`;
    const address = `http://127.0.0.1:${proxy.addr.port}`;
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--ext=ts", script],
      cwd: new URL("../../../", import.meta.url),
      env: { HTTP_PROXY: address, http_proxy: address, ALL_PROXY: address, NO_PROXY: "" },
    }).output();
    await Promise.all([server.close(), proxy.shutdown(), hook.shutdown()]);
    assert.equal(new TextDecoder().decode(stderr), "");
    const outcome = JSON.parse(new TextDecoder().decode(stdout));
    assert.deepEqual(outcome, { origin: server.url.replace(/\/$/, ""), streamed: 2, all: 2 });
    assert.deepEqual(proxied, ["POST http://alerts.invalid/x"]);
    assert.deepEqual(hooked, ["POST", "POST"]);
  }));
