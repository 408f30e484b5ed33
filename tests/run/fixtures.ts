// What the tests of runs share: a temporary runs folder, and options for a run in it.
import type { BeginRunOptions } from "../../lib/run/mod.ts";
import type { RunEvent, RunResults } from "../../lib/run/mod.ts";

/** Calls `body` with a fresh folder that is removed afterwards. */
export async function withFolder(body: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook-run-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Options of a small run. */
export function options(runsFolder: string, more: Partial<BeginRunOptions> = {}): BeginRunOptions {
  return {
    runsFolder,
    experiment: "bts",
    title: "A run",
    preset: "smoke",
    seed: 1,
    device: "cpu",
    config: { a: 1 },
    plan: [{ cell: "one", title: "One" }, { cell: "two", title: "Two" }],
    command: ["bts", "--preset", "smoke"],
    ...more,
  };
}

export const emptyResults: RunResults = { domains: [], measures: [], methods: {} };

/** Collects a run's events as they are written. */
export function collector(): { events: RunEvent[]; onEvent: ((event: RunEvent) => void)[] } {
  const events: RunEvent[] = [];
  return { events, onEvent: [(event) => events.push(event)] };
}

/** Runs a script in a Deno process of its own. */
export function spawnScript(script: string): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["eval", "--ext=ts", script],
    cwd: new URL("../../", import.meta.url),
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}
