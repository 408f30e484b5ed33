// A small experiment without training, for the tests of engines: a cell, two that build on it and not on each other, and
// one that builds on both. It counts steps, keeps checkpoints, and does what its settings say.
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { UserError } from "../../lib/errors.ts";
import { type Experiment, experimentMain } from "../../lib/experiment/mod.ts";
import { type CellContext, type CellResult, runResultsSchema } from "../../lib/run/mod.ts";

/** The environment names a part that fails at its second step, and one whose process is killed there the first time. */
export const FAILS_VARIABLE = "COUNTING_FAILS";
export const KILLED_VARIABLE = "COUNTING_KILLED";
/** `part:path`: the part whose first process waits at its third step until there is such a file. */
export const HELD_VARIABLE = "COUNTING_HELD";

const schema = z.strictObject({
  /** Steps of each part. */
  steps: z.int().min(1).default(3),
  /** Milliseconds that a step takes. */
  wait: z.int().min(0).default(0),
  /** Whether the cells compute on a device. */
  computes: z.boolean().default(false),
});

type Config = z.infer<typeof schema>;

export const countingExperiment: Experiment<typeof schema, null> = {
  definition: {
    name: "counting",
    title: "Counting",
    description: "Counts.",
    schema,
    presets: { smoke: { description: "small", config: {} } },
    defaultPreset: "smoke",
  },
  tables: ["sum"],
  check: () => {},
  prepare: () => Promise.resolve(null),
  outline: () => null,
  async body({ run, config, rngSeed, device }) {
    const place = config.computes ? { device } : {};
    const spec = { title: "", description: "", code: import.meta, output: z.number(), ...place };
    const base = await run.cell({ ...spec, name: "base", inputs: { rngSeed } }, () => Promise.resolve(rngSeed));
    const parts: CellResult<number>[] = [];
    for (const part of ["a", "b"]) {
      const inputs = { part, steps: config.steps, base: base.key };
      const cost = () => ({ flops: 1e9, bytes: 1e6 });
      parts.push(
        await run.cell(
          { ...spec, name: `part:${part}`, inputs, cost },
          (cell) => count(cell, config, part),
        ),
      );
    }
    const inputs = { parts: parts.map(({ key }) => key) };
    return await run.cell({ ...spec, name: "sum", inputs, output: runResultsSchema }, (cell) => {
      const rows = [{ sum: parts.reduce((sum, { value }) => sum + value, base.value) }];
      cell.table({ name: "sum", title: "Sum", columns: [{ key: "sum", title: "sum", kind: "number" }], rows });
      return Promise.resolve({ domains: [], measures: [], methods: {} });
    });
  },
};

async function count(
  cell: CellContext,
  { steps, wait }: Config,
  part: string,
): Promise<number> {
  const [fails, killed] = [FAILS_VARIABLE, KILLED_VARIABLE].map((name) => Deno.env.get(name) === part);
  const { last } = cell.checkpoints;
  const began = last === undefined ? 0 : Number(await Deno.readTextFile(join(last.folder, "count")));
  for (let step = began + 1; step <= steps; step++) {
    await delay(wait, undefined, { signal: cell.signal }).catch(() => {});
    const save = (done: number) =>
      cell.checkpoints.save({ step: done, score: null, bytes: 1, keep: 2 }, async (folder) => {
        await Deno.writeTextFile(join(folder, "count"), String(done));
      });
    if (cell.signal.aborted) {
      await save(step - 1);
      cell.signal.throwIfAborted();
    }
    if (fails && step === 2) throw new UserError("counting.failure", "It failed as it was told to");
    if (step === 3 && began === 0) await heldBy(part);
    cell.metrics(step, steps, { count: step });
    await save(step);
    if (killed && step === 2 && began === 0) Deno.kill(Deno.pid, "SIGKILL");
  }
  await Deno.writeTextFile(join(cell.folder, "count"), String(steps));
  return steps;
}

async function heldBy(part: string): Promise<void> {
  const [held, path] = (Deno.env.get(HELD_VARIABLE) ?? "").split(":");
  if (held !== part) return;
  while (!await Deno.stat(path!).then(() => true, () => false)) await new Promise((wake) => setTimeout(wake, 50));
}

if (import.meta.main) await experimentMain(countingExperiment);
