// The event stream: no gap, no duplicate, however readers come, go, lag and return.
import assert from "node:assert/strict";
import type { EventBody, RunEvent } from "../../lib/run/mod.ts";
import { createApp } from "../../lib/serve/mod.ts";
import { demoBodies } from "../run/demo-log.ts";
import { fakeRun, withRunsFolder } from "../run/fake-run.ts";

const ID = "20261122-101010-bts-demo-aaaa";

interface Message {
  id?: string;
  event?: string;
  data?: string;
  comment?: string;
}

/** The messages of an event stream, comments included. */
async function* messages(response: Response): AsyncGenerator<Message> {
  let buffer = "";
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    buffer += text;
    const blocks = buffer.split("\n\n");
    buffer = blocks.pop()!;
    for (const block of blocks) {
      const message: Message = {};
      for (const line of block.split("\n")) {
        const colon = line.indexOf(":");
        const key = (line.slice(0, colon) || "comment") as keyof Message;
        message[key] = line.slice(colon + 1).trimStart();
      }
      yield message;
    }
  }
}

/** The events of a stream until `enough`, or its end. */
async function eventsOf(response: Response, enough = (_: RunEvent) => false): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const { id, data, event } of messages(response)) {
    if (data === undefined || event !== undefined) continue;
    const parsed = JSON.parse(data) as RunEvent;
    assert.equal(String(parsed.seq), id);
    events.push(parsed);
    if (enough(parsed)) break;
  }
  return events;
}

function streamer(runsFolder: string, keepAliveMs?: number) {
  const app = createApp({ runsFolder, ...(keepAliveMs === undefined ? {} : { keepAliveMs }) });
  return async (headers: Record<string, string> = {}, query = "") => {
    const url = `http://localhost/api/runs/${ID}/stream${query}`;
    return await app.fetch(new Request(url, { headers: { host: "localhost", ...headers } }));
  };
}

function metrics(count: number): EventBody[] {
  return Array.from({ length: count }, (_, i): EventBody => (
    { kind: "metrics", cell: "seed", step: i, steps: count, values: { loss: 1 / (i + 1) } }
  ));
}

function assertRange(events: readonly RunEvent[], first: number, last: number): void {
  assert.deepEqual(events.map(({ seq }) => seq), Array.from({ length: last - first + 1 }, (_, i) => first + i));
}

Deno.test("a stream gives the whole log, follows it live, and ends after `run.end`", async () => {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    const bodies = demoBodies({ id: ID, steps: 5 });
    run.append(bodies.slice(0, 4));
    const response = await streamer(runsFolder)();
    assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
    const reading = eventsOf(response);
    for (const body of bodies.slice(4)) {
      run.append([body]);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    assertRange(await reading, 0, bodies.length - 1);
    run.release();
  });
});

Deno.test("a reader that reconnects with Last-Event-ID after 10,000 events sees no gap and no duplicate", async () => {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append([demoBodies({ id: ID })[0]!, ...metrics(10_000)]);
    const first = await eventsOf(await streamer(runsFolder)(), ({ seq }) => seq === 9_876);
    run.append(metrics(500));
    // Another app: the server was restarted in between.
    const ask = streamer(runsFolder);
    const second = ask({ "last-event-id": String(first.at(-1)!.seq) }, "?after=3");
    run.append([...metrics(300), { kind: "run.end", status: "done", seconds: 1 }]);
    const rest = await eventsOf(await second);
    assertRange([...first, ...rest], 0, 10_801);
    run.release();
  });
});

Deno.test("a stream resumed at the end of a run that is over answers 204, so that the browser stops asking", async () => {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    const bodies = demoBodies({ id: ID, steps: 2 });
    run.append(bodies);
    run.release();
    const ask = streamer(runsFolder);
    const done = await ask({ "last-event-id": String(bodies.length - 1) });
    assert.equal(done.status, 204);
    assert.equal(await done.text(), "");
    const almost = await ask({ "last-event-id": String(bodies.length - 2) });
    assertRange(await eventsOf(almost), bodies.length - 1, bodies.length - 1);
  });
});

Deno.test("a silent stream is kept alive by comments", async () => {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append(demoBodies({ id: ID }).slice(0, 2));
    let comments = 0;
    for await (const { comment } of messages(await streamer(runsFolder, 20)())) {
      if (comment === "still here" && ++comments === 3) break;
    }
    assert.equal(comments, 3);
    run.release();
  });
});

Deno.test("a stream whose writer died says that the run is lost, and ends", async () => {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append(demoBodies({ id: ID }).slice(0, 2));
    const response = await streamer(runsFolder)();
    run.release();
    const last = (await Array.fromAsync(messages(response))).at(-1)!;
    assert.deepEqual([last.event, last.data, last.id], ["status", '{"status":"lost"}', undefined]);
  });
});

Deno.test("200 readers, some slow and some that vanish, each see every event once", async () => {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    const bodies = [demoBodies({ id: ID })[0]!, ...metrics(400)];
    run.append(bodies.slice(0, 200));
    const ask = streamer(runsFolder);
    const readers = await Promise.all(Array.from({ length: 200 }, () => ask()));
    const reading = readers.map(async (response, i) => {
      if (i % 10 === 0) {
        await eventsOf(response, ({ seq }) => seq === 100); // leaves in the middle
        return undefined;
      }
      // Begins to read only when all is written.
      if (i % 10 === 1) await new Promise((resolve) => setTimeout(resolve, 400));
      return await eventsOf(response);
    });
    run.append([...bodies.slice(200), { kind: "run.end", status: "done", seconds: 1 }]);
    const all = (await Promise.all(reading)).filter((events) => events !== undefined);
    assert.equal(all.length, 180);
    for (const events of all) assertRange(events, 0, bodies.length);
    run.release();
  });
});

Deno.test("a slow reader is given nothing that it did not ask for", async () => {
  await withRunsFolder(async (runsFolder) => {
    const run = fakeRun(runsFolder, ID);
    run.append([demoBodies({ id: ID })[0]!, ...metrics(3_000)]);
    const reader = (await streamer(runsFolder)()).body!.getReader();
    await reader.read();
    const { value } = await reader.read();
    const before = new TextDecoder().decode(value).split("\n\n").length;
    await new Promise((resolve) => setTimeout(resolve, 100));
    const next = new TextDecoder().decode((await reader.read()).value);
    assert.ok(before <= 129);
    assert.match(next, new RegExp(`^id: ${before - 1}\n`), "the next chunk goes on where the last one ended");
    assert.ok(next.length < 40_000, "and is no larger for having waited");
    await reader.cancel();
    run.release();
  });
});
