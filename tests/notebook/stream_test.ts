// Reading a run from its server's stream and from its log, and from one after the other.
import assert from "node:assert/strict";
import { join } from "node:path";
import { type RunEvent, writePageAddress } from "../../lib/run/mod.ts";
import { serve } from "../../lib/serve/mod.ts";
import { sampleEvents } from "../report/sample.ts";
import { messages, runEvents, serverOf, streamEvents } from "../../lib/notebook/stream.ts";

const ID = "20250506-090000-bts-quick-abcd";

async function runWith(events: readonly RunEvent[]): Promise<{ runs: string; [Symbol.asyncDispose](): Promise<void> }> {
  const runs = await Deno.makeTempDir();
  await Deno.mkdir(join(runs, ID));
  await Deno.writeTextFile(
    join(runs, ID, "events.jsonl"),
    events.map((event) => JSON.stringify(event) + "\n").join(""),
  );
  return { runs, [Symbol.asyncDispose]: () => Deno.remove(runs, { recursive: true }) };
}

function serveStream(bytes: () => ReadableStream<Uint8Array> | string) {
  const asked: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    asked.push(`${request.method} ${new URL(request.url).pathname}`);
    return request.url.endsWith("/status")
      ? Response.json({ status: "running" })
      : new Response(bytes(), { headers: { "content-type": "text/event-stream" } });
  });
  return { server, asked, url: `http://127.0.0.1:${server.addr.port}/` };
}

const message = (event: RunEvent) => `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`;

async function seqs(runs: string): Promise<number[]> {
  const found: number[] = [];
  for await (const { seq } of runEvents(runs, ID)) found.push(seq);
  return found;
}

Deno.test("`messages()` reads fields, comments and line ends however the bytes are cut", async () => {
  const text =
    'retry: 1\n: comment\n\nid: 1\ndata: {"a":\ndata: "ü"}\n\r\nevent: status\r\ndata:x\r\n\r\ndata: unfinished';
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 7, 1000]) {
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
        controller.close();
      },
    });
    const found = [];
    for await (const one of messages(stream)) found.push(one);
    assert.deepEqual(found, [{ event: "message", data: '{"a":\n"ü"}' }, { event: "status", data: "x" }], String(size));
  }
});

Deno.test("`runEvents()` takes the events from the run's server when it answers", async () => {
  const events = sampleEvents({ id: ID });
  await using run = await runWith(events.slice(0, 3)); // only the server has the rest
  const { server, asked, url } = serveStream(() => `: hi\n\n${events.map(message).join("")}`);
  await Deno.writeTextFile(join(run.runs, ID, "server.json"), JSON.stringify({ url, pid: 1 }));
  assert.deepEqual(await seqs(run.runs), events.map(({ seq }) => seq));
  assert.deepEqual(asked, [`GET /api/runs/${ID}/status`, `GET /api/runs/${ID}/stream`]);
  await server.shutdown();
});

Deno.test("`runEvents()` shows a private server the token that only the run's owner can read", async () => {
  await using run = await runWith(sampleEvents({ id: ID }));
  const server = serve({ runsFolder: run.runs, port: 0, isPrivate: true });
  try {
    const address = { url: `${server.url}runs/${ID}`, pid: 1 };
    await writePageAddress(join(run.runs, ID), { ...address, token: server.token });
    const found = await serverOf(run.runs, ID);
    assert.equal(found?.origin, server.url.slice(0, -1));
    assert.equal((await Array.fromAsync(streamEvents(found!, ID))).length, sampleEvents({ id: ID }).length);
    for (const token of [undefined, "another"]) {
      await writePageAddress(join(run.runs, ID), { ...address, token });
      assert.equal(await serverOf(run.runs, ID), undefined);
    }
  } finally {
    await server.close();
  }
});

Deno.test("`runEvents()` continues from the log when the stream breaks, skips events or sends garbage", async () => {
  const events = sampleEvents({ id: ID });
  await using run = await runWith(events);
  const breaks = [
    () => events.slice(0, 40).map(message).join(""),
    () => [...events.slice(0, 10), ...events.slice(12, 40)].map(message).join(""),
    () => events.slice(0, 5).map(message).join("") + "data: {nonsense\n\n",
    () => 'event: status\ndata: {"status":"lost"}\n\n',
    () =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(events.slice(0, 20).map(message).join("")));
        },
        pull(controller) {
          controller.error(new Error("gone"));
        },
      }),
  ];
  for (const bytes of breaks) {
    const { server, url } = serveStream(bytes);
    await Deno.writeTextFile(join(run.runs, ID, "server.json"), JSON.stringify({ url, pid: 1 }));
    assert.deepEqual(await seqs(run.runs), events.map(({ seq }) => seq));
    await server.shutdown();
  }
});

Deno.test("`runEvents()` reads the log when there is no server, and `serverOf()` trusts loopback addresses only", async () => {
  const events = sampleEvents({ id: ID });
  await using run = await runWith(events);
  assert.deepEqual(await seqs(run.runs), events.map(({ seq }) => seq));
  for (
    const url of [
      "http://evil.example/",
      "https://127.0.0.1/",
      "file:///etc/passwd",
      "http://127.0.0.1.evil.com/",
      "x",
      7,
    ]
  ) {
    await Deno.writeTextFile(join(run.runs, ID, "server.json"), JSON.stringify({ url, pid: 1 }));
    assert.equal(await serverOf(run.runs, ID), undefined, String(url));
  }
  await Deno.writeTextFile(join(run.runs, ID, "server.json"), "{half");
  assert.equal(await serverOf(run.runs, ID), undefined);
  assert.equal(await serverOf(run.runs, "../../etc"), undefined);
});
