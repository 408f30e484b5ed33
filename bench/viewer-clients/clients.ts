// Readers of one event stream, in a process of their own: connects, says so, and reads until it is ended.
//
//   deno run -A bench/viewer-clients/clients.ts <address of the stream> <number> [number of slow ones]
const [address = "", count = "1", slow = "0"] = Deno.args;
const readers = await Promise.all(
  Array.from({ length: Number(count) }, async () => (await fetch(address)).body!.getReader()),
);
console.log("connected");
for (const [i, reader] of readers.entries()) read(reader, i < Number(slow) ? 1_000 : 0);

/** Takes what comes, waiting after each part. */
async function read(reader: ReadableStreamDefaultReader<Uint8Array>, waitMs: number): Promise<void> {
  while (!(await reader.read()).done) if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
}
