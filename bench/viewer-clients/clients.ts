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
/** What ends each reader's connection. */
let readers: ReadableStreamDefaultReader<Uint8Array>[] = [];
let counts: number[] = [];

for await (const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
  const [command, address = "", count = "0", slow = "0"] = line.split(" ");
  if (command === "ready?") console.log("ready");
  if (command === "read") {
    counts = Array.from({ length: Number(count) }, () => 0);
    readers = await Promise.all(counts.map(async () => (await fetch(address)).body!.getReader()));
    readers.forEach((reader, i) => void take(reader, i, i < Number(slow) ? 1_000 : 0));
    console.log("reading");
  }
  if (command === "leave") {
    // Aborting the fetch by a signal leaves the connection open once the response has been collected as garbage.
    await Promise.all(readers.map((reader) => reader.cancel()));
    const sorted = counts.toSorted((a, b) => a - b);
    console.log(JSON.stringify({ least: sorted[0], median: sorted[sorted.length >> 1] }));
  }
}

/** Counts the messages that come, and waits after each part. */
async function take(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  number: number,
  waitMs: number,
): Promise<void> {
  while (true) {
    const { value: part, done } = await reader.read();
    if (done) return;
    // Every message has one line that begins with "data", and comments have none.
    for (let i = 1; i < part.length; i++) if (part[i] === LETTER_D && part[i - 1] === NEWLINE) counts[number]!++;
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
