// The local engine: independent cells at once, each in a process of its own on this machine.
import { join } from "node:path";
import { jobEnd, type Launcher, localLauncher, type MissingCell } from "../run/mod.ts";
import { ATTEMPT_OUTPUT, makeAttempt, writeTask } from "./attempts.ts";
import { systemClock } from "./clock.ts";
import type { CellState, Engine } from "./engine.ts";
import { ATTEMPT_VARIABLE } from "./place.ts";

export interface LocalEngineOptions {
  readonly runFolder: string;
  /** The experiment's script, an absolute path, and its arguments, which `--cell` follows. */
  readonly script: string;
  readonly args: readonly string[];
  /** Cells at once. */
  readonly parallel: number;
  /** @default processes of this machine */
  readonly launcher?: Launcher;
}

/** Builds cells on this machine, so many at once, as soon as what they build on is there. */
export function localEngine(
  { runFolder, script, args, parallel, launcher = localLauncher }: LocalEngineOptions,
): Engine {
  const waiting: MissingCell[] = [];
  const states = new Map<string, CellState>();
  const stop = new AbortController();
  const running = () => [...states.values()].filter(({ state }) => state === "running").length;
  const start = async ({ cell, code, numerics }: MissingCell) => {
    states.set(cell, { cell, state: "running" });
    await writeTask(runFolder, cell, { code, numerics: numerics ?? null });
    const { name, folder } = await makeAttempt(runFolder, cell);
    const job = await launcher.submit({
      script,
      args: [...args, "--cell", cell],
      cwd: Deno.cwd(),
      env: { [ATTEMPT_VARIABLE]: name },
      output: join(folder, ATTEMPT_OUTPUT),
      endsWithParent: true,
    });
    const ended = (how: string | undefined) =>
      states.set(cell, { cell, state: "ended", ...(how === undefined ? {} : { how }) });
    jobEnd(launcher, job, undefined, stop.signal).then(ended, (error) => ended(String(error)));
  };
  return {
    pollMs: () => 100,
    clock: systemClock,
    patienceMs: 500,
    submit(cells) {
      waiting.push(...cells);
      for (const { cell } of cells) states.set(cell, { cell, state: "waiting" });
      return Promise.resolve();
    },
    async poll(done) {
      while (running() < parallel && !stop.signal.aborted) {
        const at = waiting.findIndex(({ needs }) => needs.every((cell) => done.has(cell)));
        if (at < 0) break;
        await start(waiting.splice(at, 1)[0]!);
      }
      return [...states.values()];
    },
    leaving: () => undefined,
    close: () => Promise.resolve(),
    cancel() {
      for (const { cell } of waiting.splice(0)) states.set(cell, { cell, state: "ended" });
      stop.abort();
      return Promise.resolve();
    },
  };
}
