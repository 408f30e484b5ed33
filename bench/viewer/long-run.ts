// A run of many points: opening it, its curves, and updates.
import { join } from "node:path";
import { encodeLine, foldLog } from "../../lib/run/mod.ts";
import { startServerWorker } from "../../lib/serve/mod.ts";
import type { PageOpener } from "./browser.ts";
import { ask, type Cost, type Measured, median, repeat, timed } from "./measured.ts";

export interface LongRunOptions {
  readonly points: number;
  readonly rounds: number;
  readonly browser: PageOpener | undefined;
}

const VALUES = 5;
const ID = "20260101-120000-bench-viewer-aaaa";
const START = Date.UTC(2026, 0, 1);
/** The cells, which have half of the steps each. */
const CELLS = ["seed", "stitch"];

/** Measures one run whose log has `points` values. */
export async function measureLongRun({ points, rounds, browser }: LongRunOptions): Promise<Measured[]> {
  const steps = Math.ceil(points / VALUES / CELLS.length);
  const runsFolder = await Deno.makeTempDir({ prefix: "stitchbook-bench-" });
  const folder = join(runsFolder, ID);
  const log = join(folder, "events.jsonl");
  /** The requests of a page that is opened, one after another. */
  const open = async (url: string): Promise<Cost> => {
    const addresses = [
      `runs/${ID}`,
      `api/runs/${ID}?points=recent`,
      `api/series/names?run=${ID}`,
      `api/series?run=${ID}&metric=loss&points=1000&smooth=0.999`,
    ];
    let [ms, bytes] = [0, 0];
    for (const address of addresses) {
      const answer = await ask(new URL(address, url));
      ms += answer.ms;
      bytes += answer.bytes;
    }
    return { ms, bytes };
  };
  try {
    await Deno.mkdir(folder);
    append(log, logOf(steps));
    const measured = [
      median("log", [{ ms: 0, bytes: (await Deno.stat(log)).size }]),
      // A server that may not write reads the log each time.
      await repeat("opened cold, nothing kept", Math.min(rounds, 3), () => served(runsFolder, false, open)),
      median("folding it and keeping that", [await timed(() => foldLog(folder))]),
      median("what is kept", [{ ms: 0, bytes: (await Deno.stat(join(folder, ".events.fold"))).size }]),
      await repeat("opened cold", rounds, () => served(runsFolder, false, open)),
    ];
    if (browser !== undefined) {
      const page = (url: string) => browser.open(new URL(`runs/${ID}`, url).href, ".chart-curve");
      measured.push(await repeat("page, until there is a curve", rounds, () => served(runsFolder, false, page)));
    }
    await served(runsFolder, false, async (url) => {
      const query = `run=${ID}&cell=${CELLS.at(-1)}&metric=loss&smooth=0.999`;
      const curve = (more = "") => ask(new URL(`api/series?${query}${more}`, url));
      await curve();
      measured.push(await repeat("a curve", rounds, () => curve()));
      measured.push(await repeat("a part of it", rounds, () => curve(`&from=${steps / 2}&to=${steps / 2 + 500}`)));
      let { lastSeq } = JSON.parse((await curve()).text()).runs[0];
      const updates: Cost[] = [];
      for (let i = 0; i < 4 * rounds; i++) {
        append(log, [metricsLine(lastSeq + 1, CELLS.at(-1)!, steps + 1 + i, steps)]);
        const update = await curve(`&after=${lastSeq}`);
        lastSeq = JSON.parse(update.text()).runs[0].lastSeq;
        updates.push(update);
      }
      measured.push(median("one more step", updates));
      return { ms: 0, bytes: null };
    });
    return measured;
  } finally {
    await Deno.remove(runsFolder, { recursive: true });
  }
}

/** Measures something of a server of its own. */
async function served(runsFolder: string, edit: boolean, body: (url: string) => Promise<Cost>): Promise<Cost> {
  const server = await startServerWorker({ runsFolder, port: 0, abilities: { edit, stop: false } });
  try {
    await ask(new URL("static/icon.svg", server.url));
    return await body(server.url);
  } finally {
    await server.close();
  }
}

/** The log of a run whose last cell has not ended. */
function* logOf(steps: number): Generator<Uint8Array> {
  let seq = 0;
  yield line(seq++, {
    kind: "run.start",
    run: ID,
    experiment: "bench",
    title: "A long run",
    preset: "none",
    seed: 1,
    schemaVersion: 3,
    device: "CPU",
    config: {},
    plan: CELLS.map((cell) => ({ cell, title: `The ${cell}` })),
    command: [],
    versions: {},
    pid: 1,
  });
  for (const cell of CELLS) {
    yield line(seq++, { kind: "cell.start", cell, title: `The ${cell}`, description: "", cellKey: "" });
    for (let step = 1; step <= steps; step++) yield metricsLine(seq++, cell, step, steps);
    if (cell === CELLS.at(-1)) return;
    yield line(seq++, { kind: "cell.end", cell, status: "done", seconds: steps / 10, summary: "trained" });
  }
}

/** A step of training with a noisy loss. */
function metricsLine(seq: number, cell: string, step: number, steps: number): Uint8Array {
  const loss = 3 + 5 / Math.sqrt(1 + step) + 0.3 * Math.sin(12.9898 * step) * Math.sin(78.233 * step);
  const values = {
    loss,
    lr: 3e-3 / (1 + step),
    gradientNorm: 1 + loss / 10,
    tokens: 4096 * step,
    tokensPerSecond: 1e4 + step,
  };
  return line(seq, { kind: "metrics", cell, step, steps: steps + 1_000, values });
}

const line = (seq: number, body: object) =>
  encodeLine({ seq, time: new Date(START + 100 * seq).toISOString(), ...body });

function append(path: string, lines: Iterable<Uint8Array>): void {
  using file = Deno.openSync(path, { append: true, create: true });
  for (const line of lines) file.writeSync(line);
}
