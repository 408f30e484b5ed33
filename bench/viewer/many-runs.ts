// A folder of many runs: the table of them, and finding one.
import { join } from "node:path";
import { resolveRun, withIndex } from "../../lib/run/mod.ts";
import { startServerWorker } from "../../lib/serve/mod.ts";
import { variedId, writeVariedRuns } from "../../tests/run/varied-runs.ts";
import type { PageOpener } from "./browser.ts";
import { ask, type Cost, type Measured, median, repeat, timed } from "./measured.ts";

export interface ManyRunsOptions {
  readonly runs: number;
  readonly rounds: number;
  readonly browser: PageOpener | undefined;
}

/** Measures a folder of runs that are done, of which one is labeled anew. */
export async function measureManyRuns({ runs, rounds, browser }: ManyRunsOptions): Promise<Measured[]> {
  const runsFolder = await Deno.makeTempDir({ prefix: "stitchbook-bench-" });
  try {
    writeVariedRuns(runsFolder, runs);
    const measured = [
      median("index, from nothing", [await timed(() => withIndex(runsFolder, () => {}, { onProgress: () => {} }))]),
      await repeat("index, nothing new", rounds, () => timed(() => withIndex(runsFolder, () => {}))),
      await repeat("a run by its id", rounds, () => timed(() => resolveRun(runsFolder, variedId(runs >> 1)))),
      await repeat("`last`", rounds, () => timed(() => resolveRun(runsFolder, "last"))),
    ];
    measured.push(await repeat("first page of a new server", rounds, () => served(runsFolder, (url) => ask(url))));
    if (browser !== undefined) {
      measured.push(
        await repeat(
          "first contentful paint, new server",
          rounds,
          () => served(runsFolder, (url) => browser.open(url)),
        ),
      );
    }
    await served(runsFolder, async (url) => {
      const address = new URL("api/table?limit=85", url);
      const first = await ask(address);
      measured.push(median("rows", [first]));
      const { version } = JSON.parse(first.text());
      const again = () => ask(`${address}&since=${version}`, { "if-none-match": `"${version}"` });
      measured.push(await repeat("rows, nothing new", rounds, again));
      const label = { time: new Date().toISOString(), kind: "name", name: "Another name" };
      await Deno.writeTextFile(join(runsFolder, variedId(runs - 1), "labels.jsonl"), JSON.stringify(label) + "\n");
      // Files of runs that are over are looked at every few seconds.
      const until = performance.now() + 60_000;
      for (let update = await again();; update = await again()) {
        if (update.status === 200) {
          measured.push(median("rows, one is new", [update]));
          break;
        }
        if (performance.now() > until) throw new Error("The table did not change within a minute");
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      measured.push(
        await repeat(
          "rows that satisfy a filter",
          rounds,
          () => ask(new URL("api/table?limit=85&filter=seed:2+model.width:>64&sort=bpb", url)),
        ),
      );
      measured.push(await repeat("all runs as data", rounds, () => ask(new URL("api/runs", url))));
      return { ms: 0, bytes: null };
    });
    return measured;
  } finally {
    await Deno.remove(runsFolder, { recursive: true });
  }
}

/** Measures something of a server of its own, which was started just before. */
async function served(runsFolder: string, body: (url: string) => Promise<Cost>): Promise<Cost> {
  const server = await startServerWorker({ runsFolder, port: 0 });
  try {
    // Pages' scripts are read when a server starts; a browser that comes later does not wait for that.
    await ask(new URL("static/icon.svg", server.url));
    return await body(server.url);
  } finally {
    await server.close();
  }
}
