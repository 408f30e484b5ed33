// A thread that appends lines to a log, one after another, much faster than any training does.
/** Between two lines. */
const PAUSE_MS = 0.2;

self.onmessage = ({ data: { path, lines } }: MessageEvent<{ path: string; lines: readonly string[] }>) => {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  using file = Deno.openSync(path, { append: true });
  for (const line of lines) {
    file.writeSync(new TextEncoder().encode(line));
    Atomics.wait(sleeper, 0, 0, PAUSE_MS);
  }
  self.postMessage("over");
};
