// What charts of a long run cost a reader: times and bytes of the requests that its page makes; prints one JSON line.
//
//   deno task bench:viewer [--points 1000000] [--updates 20]
//
// The run's log has as many values as `--points`: five for each step, as training logs them. The first requests read the
// whole log; later ones only what was added to it. Bytes are those of the answer, and of the answer after gzip. The server
// runs in a worker, as beside training. Run it on a quiet machine.
import { join } from "node:path";
import { encodeLine } from "../lib/run/mod.ts";
import { startServerWorker } from "../lib/serve/mod.ts";
import { readFlags } from "./flags.ts";

const flags = readFlags(import.meta.url, {
  points: { type: "string", default: "1000000" },
  updates: { type: "string", default: "20" },
});
const VALUES = 5;
const steps = Math.ceil(Number(flags.points) / VALUES);
const updates = Number(flags.updates);
const ID = "20260101-120000-bench-viewer-aaaa";

/** Lines of steps from `from` on, with a noisy loss. */
function* linesOf(from: number, count: number): Generator<Uint8Array> {
  for (let step = from; step < from + count; step++) {
    const loss = 3 + 5 / Math.sqrt(1 + step) + 0.3 * Math.sin(12.9898 * step) * Math.sin(78.233 * step);
    yield encodeLine({
      seq: step + 1,
      time: new Date(Date.UTC(2026, 0, 1) + 100 * step).toISOString(),
      kind: "metrics",
      cell: "seed",
      step,
      steps: steps + updates,
      values: {
        loss,
        lr: 3e-3 / (1 + step),
        gradientNorm: 1 + loss / 10,
        tokens: 4096 * step,
        tokensPerSecond: 1e4 + step,
      },
    });
  }
}

function append(path: string, lines: Iterable<Uint8Array>): void {
  using file = Deno.openSync(path, { append: true, create: true });
  for (const line of lines) file.writeSync(line);
}

const runsFolder = await Deno.makeTempDir({ prefix: "stitchbook-bench-" });
const log = join(runsFolder, ID, "events.jsonl");
await Deno.mkdir(join(runsFolder, ID));
append(log, [encodeLine({
  seq: 0,
  time: new Date(Date.UTC(2026, 0, 1)).toISOString(),
  kind: "run.start",
  run: ID,
  experiment: "bench",
  title: "A long run",
  preset: "none",
  seed: 1,
  schemaVersion: 3,
  device: "CPU",
  config: {},
  plan: [{ cell: "seed", title: "Seed" }],
  command: [],
  versions: {},
  pid: 1,
})]);
append(log, linesOf(1, steps));

const server = await startServerWorker({ runsFolder, port: 0 });
/** Asks, and measures the answer. */
const ask = async (path: string) => {
  const began = performance.now();
  const response = await fetch(new URL(path, server.url));
  const text = await response.text();
  const ms = Math.round(10 * (performance.now() - began)) / 10;
  if (!response.ok) throw new Error(`${path}: ${text}`);
  const zipped = await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
  return { answer: JSON.parse(text), ms, bytes: text.length, gzipped: zipped.byteLength };
};
const shown = ({ ms, bytes, gzipped }: Awaited<ReturnType<typeof ask>>) => ({ ms, bytes, gzipped });

try {
  const query = `run=${ID}&cell=seed&metric=loss&smooth=0.999`;
  const names = await ask(`api/series/names?run=${ID}`);
  const first = await ask(`api/series?${query}`);
  const again = await ask(`api/series?${query}`);
  const part = await ask(`api/series?${query}&from=${steps / 2}&to=${steps / 2 + 500}`);
  let { lastSeq } = again.answer.runs[0];
  const news = [];
  for (let i = 0; i < updates; i++) {
    append(log, linesOf(steps + 1 + i, 1));
    const update = await ask(`api/series?${query}&after=${lastSeq}`);
    lastSeq = update.answer.runs[0].lastSeq;
    news.push(update);
  }
  const median = news.toSorted((a, b) => a.ms - b.ms)[Math.floor(updates / 2)];
  console.log(JSON.stringify({
    points: steps * VALUES,
    logBytes: (await Deno.stat(log)).size,
    namesReadingTheLog: shown(names),
    curve: shown(first),
    curveAgain: shown(again),
    zoomed: shown(part),
    ...(median === undefined ? {} : { update: shown(median) }),
  }));
} finally {
  await server.close();
  await Deno.remove(runsFolder, { recursive: true });
}
