// Listening on a socket, in this thread and in a worker.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { missingFolderText, serve, startServerWorker, takenPortText } from "../../lib/serve/mod.ts";
import { demoBodies } from "../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../run/fake-run.ts";

const ID = "20261122-101010-bts-demo-aaaa";

Deno.test("`serve()` listens on loopback only, and takes the next free port when one is taken", async () => {
  await withRunsFolder(async (runsFolder) => {
    const first = serve({ runsFolder, port: 0 });
    const second = serve({ runsFolder, port: first.port });
    try {
      assert.match(first.url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
      assert.notEqual(second.port, first.port);
      assert.deepEqual(await (await fetch(`${second.url}healthz`)).json(), { ok: true });
    } finally {
      await first.close();
      await second.close();
    }
    await assert.rejects(fetch(`${first.url}healthz`));
  });
});

Deno.test("`serve()` leaves paths to an app beside it, with what is known of the client, and no others", async () => {
  await withRunsFolder(async (runsFolder) => {
    const beside = {
      takes: (path: string) => path.startsWith("/v1/"),
      fetch: (_: Request, { remoteAddr }: Deno.ServeHandlerInfo) => Promise.resolve(Response.json(remoteAddr)),
    };
    const server = serve({ runsFolder, port: 0, beside });
    try {
      assert.equal((await (await fetch(`${server.url}v1/models`)).json()).hostname, "127.0.0.1");
      assert.deepEqual(await (await fetch(`${server.url}healthz`)).json(), { ok: true });
    } finally {
      await server.close();
    }
  });
});

Deno.test("`takenPortText()` and `missingFolderText()` speak only when there is something to say", async () => {
  assert.equal(takenPortText(8420, 8421), "Port 8420 is in use; using 8421 instead");
  assert.equal(takenPortText(8420, 8420), undefined);
  assert.equal(takenPortText(0, 40_123), undefined, "any port was asked for");
  await withRunsFolder(async (runsFolder) => {
    assert.equal(await missingFolderText(runsFolder), undefined);
    assert.match((await missingFolderText(`${runsFolder}/nope`))!, /^There is no folder .*\/nope yet;/);
  });
});

Deno.test("`serve()` refuses a foreign Host on the wire, and one that is missing", async () => {
  await withRunsFolder(async (runsFolder) => {
    const server = serve({ runsFolder, port: 0 });
    const raw = async (head: string) => {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
      await connection.write(new TextEncoder().encode(`${head}\r\nConnection: close\r\n\r\n`));
      return (await new Response(connection.readable).text()).split("\r\n")[0];
    };
    try {
      assert.match((await raw("GET /api/runs HTTP/1.1\r\nHost: 127.0.0.1:1"))!, / 200 /);
      assert.match((await raw("GET /api/runs HTTP/1.1\r\nHost: evil.com"))!, / 403 /);
      assert.match((await raw("GET http://localhost/api/runs HTTP/1.1\r\nHost: evil.com"))!, / 403 /);
      assert.match((await raw("GET /api/runs HTTP/1.0"))!, / (403|400) /);
      assert.match((await raw("GET /api/runs HTTP/1.1\r\nHost: localhost\r\nHost: evil.com"))!, / (403|400) /);
      assert.match((await raw("GET /static/../../../../etc/passwd HTTP/1.1\r\nHost: localhost"))!, / 404 /);
    } finally {
      await server.close();
    }
  });
});

Deno.test("`serve()` stops at the signal though a stream is open, and the stream's reader is told", async () => {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append(demoBodies({ id: ID }).slice(0, 2));
    const abort = new AbortController();
    const server = serve({ runsFolder, port: 0, signal: abort.signal });
    const response = await fetch(`${server.url}api/runs/${ID}/stream`);
    const reading = response.text().catch(() => "cut");
    abort.abort();
    await server.finished;
    assert.match(await reading, /"kind":"cell.start"/);
    run.release();
  });
});

for (const [where, start] of [["serve()", serve], ["startServerWorker()", startServerWorker]] as const) {
  Deno.test(`closing \`${where}\` right after the run's end gives every reader the end`, async () => {
    await withRunsFolder(async (runsFolder) => {
      const run = fakeRun(runsFolder, ID);
      const bodies = demoBodies({ id: ID, steps: 200 });
      run.append(bodies.slice(0, 3));
      const server = await start({ runsFolder, port: 0 });
      const texts = await Promise.all(Array.from({ length: 6 }, async (_, i) => {
        const response = await fetch(`${server.url}api/runs/${ID}/stream`);
        return async () => {
          // One reader is slow.
          if (i === 0) await new Promise((resolve) => setTimeout(resolve, 400));
          return await response.text();
        };
      }));
      // Longer than the feed's eager polling, so that it is asleep when the rest comes.
      await new Promise((resolve) => setTimeout(resolve, 300));
      run.append(bodies.slice(3));
      run.release();
      const closing = server.close();
      for (const text of await Promise.all(texts.map((read) => read()))) {
        assert.match(text, new RegExp(`\nid: ${bodies.length - 1}\ndata: .*"kind":"run.end".*\n\n$`));
        assert.equal(text.match(/^id: /gm)!.length, bodies.length, "no gap and no duplicate");
      }
      // A page that has just learnt of the end asks whether there is a report.
      const { run: view } = await (await fetch(`${server.url}api/runs/${ID}`)).json();
      assert.equal(view.status, "done");
      await closing;
      await assert.rejects(fetch(`${server.url}healthz`));
    });
  });
}

Deno.test("closing `serve()` does not wait for long for a reader that does not read", async () => {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    // More than the sockets' buffers take.
    run.append([demoBodies({ id: ID })[0]!]);
    const text = "x".repeat(100_000);
    run.append(Array.from({ length: 300 }, () => ({ kind: "note", level: "info", text })));
    const server = serve({ runsFolder, port: 0 });
    const response = await fetch(`${server.url}api/runs/${ID}/stream`);
    const start = performance.now();
    await server.close();
    assert.ok(performance.now() - start < 5_000);
    await response.body!.cancel().catch(() => {});
    run.release();
  });
});

Deno.test("`startServerWorker()` answers while the main thread computes", async () => {
  await withRunsFolder(async (runsFolder) => {
    const server = await startServerWorker({ runsFolder, port: 0 });
    // A process of its own asks, as this thread is about to be busy, and leaves a file when it has three answers.
    const answered = join(runsFolder, "answered");
    const code = `
      for (let i = 0; i < 3; i++) await (await fetch(Deno.args[0])).text();
      Deno.writeTextFileSync(Deno.args[1], "");`;
    const asker = new Deno.Command(Deno.execPath(), { args: ["eval", code, `${server.url}api/runs`, answered] })
      .spawn();
    // The training, which leaves this thread's event loop no turn.
    for (const end = performance.now() + 60_000; !existsSync(answered) && performance.now() < end;);
    const inTime = existsSync(answered);
    await asker.status;
    await server.close();
    assert.ok(inTime, "no answers before the main thread was free");
    await assert.rejects(fetch(`${server.url}healthz`));
  });
});
