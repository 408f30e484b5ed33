// Readers of event streams in a process of their own, which is told on its standard input when to read:
//
//   ready?
//   read <address of the stream> <number> <number of slow ones>
//   leave
//
// It answers `ready`; `reading` when all are connected; and after `leave` with the fewest and the median of the messages
// that a reader got.
import { TextLineStream } from "../lines.ts";

const [NEWLINE, LETTER_D] = [10, 100];
let leave = new AbortController();
let counts: number[] = [];

for await (const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
  const [command, address = "", count = "0", slow = "0"] = line.split(" ");
  if (command === "ready?") console.log("ready");
  if (command === "read") {
    leave = new AbortController();
    counts = Array.from({ length: Number(count) }, () => 0);
    const { signal } = leave;
    const bodies = await Promise.all(counts.map(async () => (await fetch(address, { signal })).body!));
    bodies.forEach((body, i) => void take(body, i, i < Number(slow) ? 1_000 : 0).catch(() => {}));
    console.log("reading");
  }
  if (command === "leave") {
    leave.abort();
    const sorted = counts.toSorted((a, b) => a - b);
    console.log(JSON.stringify({ least: sorted[0], median: sorted[sorted.length >> 1] }));
  }
}

/** Counts the messages that come, and waits after each part. */
async function take(body: ReadableStream<Uint8Array>, reader: number, waitMs: number): Promise<void> {
  for await (const part of body) {
    // Every message has one line that begins with "data", and comments have none.
    for (let i = 1; i < part.length; i++) if (part[i] === LETTER_D && part[i - 1] === NEWLINE) counts[reader]!++;
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
