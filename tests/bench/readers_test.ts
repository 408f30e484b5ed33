// The readers of the benchmark that measures what watching costs: after `leave()` none of them reads any more.
import assert from "node:assert/strict";
import { startReaders } from "../../bench/viewer-clients/readers.ts";

const READERS = 40;
/** Enough to read that the readers' process collects garbage meanwhile. */
const [PART, PAUSE_MS, READING_MS] = [new TextEncoder().encode(`data: ${"x".repeat(4_000)}\n\n`.repeat(4)), 5, 1_500];

Deno.test("readers that leave are gone, each time", async () => {
  let open = 0;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
    open++;
    let left = false;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        if (!left) controller.enqueue(PART);
      },
      cancel() {
        left = true;
        open--;
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  });
  try {
    await using readers = await startReaders();
    for (const round of [1, 2, 3]) {
      await readers.read(`http://127.0.0.1:${server.addr.port}/`, READERS, 2);
      assert.equal(open, READERS, `round ${round}`);
      await new Promise((resolve) => setTimeout(resolve, READING_MS));
      const { least, median } = await readers.leave();
      assert.ok(least > 0 && least <= median, `${least}, ${median}`);
      for (let tries = 0; open > 0 && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(open, 0, `still reading after round ${round}`);
    }
  } finally {
    await server.shutdown();
  }
});
