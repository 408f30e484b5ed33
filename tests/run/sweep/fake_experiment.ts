// A small experiment without training, for the tests of sweeps: two cells, one of which all trials of a seed share.
import { setTimeout as delay } from "node:timers/promises";
import { resultsOf } from "../results.ts";
import { z } from "zod";
import { UserError } from "../../../lib/errors.ts";
import { answerTrialCheck, CHECK_OPTION } from "../../../lib/run/sweep/check.ts";
import type { DeclaredMetrics } from "../../../lib/run/sweep/declared.ts";
import { parseExperimentArguments } from "../../../lib/run/command-line/experiment-arguments.ts";
import { runFolder } from "../../../lib/run/log/read.ts";
import { runMain } from "../../../lib/run/command-line/main-function.ts";
import { stopSignal } from "../../../lib/run/process/stop.ts";
import { withRun } from "../../../lib/run/cells/run.ts";

const definition = {
  name: "fake",
  title: "A fake experiment",
  description: "Pretends to train.",
  schema: z.strictObject({
    x: z.number().default(0),
    rate: z.number().positive().default(0.1),
    layers: z.array(z.int()).default([0]),
    kind: z.enum(["a", "b"]).default("a"),
    /** Milliseconds that the own cell takes. */
    wait: z.int().min(0).default(0),
    fail: z.boolean().default(false),
    /** Fails before there is a run. */
    failEarly: z.boolean().default(false),
  }),
  presets: { smoke: { description: "small", config: {} } },
  defaultPreset: "smoke",
};

const estimate = { value: 0.5, low: 0.4, high: 0.6, samples: 10 };

function check({ x }: { x: number }): void {
  if (x === 13) throw new UserError("fake.unlucky", "x cannot be 13", "choose another x");
}

/** Of the other kind it is not known beforehand. */
function metrics({ kind }: { kind: "a" | "b" }): DeclaredMetrics | undefined {
  if (kind === "b") return undefined;
  return {
    results: {
      bpb: "lower",
      ...Object.fromEntries(["fake", "other"].flatMap((method) => [
        [`${method}/bpb/mean`, "lower"],
        [`${method}/quiz`, "higher"],
      ])),
    },
    curves: ["shared/loss", "own/loss"],
  };
}

/** Waits so many milliseconds, or until the signal is aborted, which it then throws. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => signal.throwIfAborted());
}

await runMain(async () => {
  if (Deno.args[0] === CHECK_OPTION) return await answerTrialCheck({ definition, check, metrics });
  const invocation = parseExperimentArguments(Deno.args, definition);
  if (invocation.kind === "help") return console.log(invocation.text);
  const { config, runsFolder, preset, seeds, id, name, command } = invocation;
  const seed = seeds[0]!;
  console.log("fake says hello");
  if (config.failEarly) throw new UserError("fake.early", "It cannot begin");
  const known = id !== undefined && await runFolder(runsFolder, id) !== undefined;
  await withRun({
    ...(known ? { continues: id } : { id }),
    runsFolder,
    preset,
    seed,
    config,
    command: [...command],
    experiment: definition.name,
    title: name ?? definition.title,
    device: "none",
    plan: [{ cell: "shared", title: "Shared" }, { cell: "own", title: "Own" }],
    signal: stopSignal(),
  }, async (run) => {
    const spec = { title: "", description: "", code: import.meta, output: z.number() };
    const shared = await run.cell({ ...spec, name: "shared", inputs: { seed } }, (cell) => {
      cell.metrics(1, 1, { loss: 1 });
      return Promise.resolve(seed);
    });
    const own = await run.cell({ ...spec, name: "own", inputs: { config, key: shared.key } }, async (cell) => {
      for (let step = 1; step <= 4; step++) {
        await pause(config.wait / 4, cell.signal);
        cell.metrics(step, 4, { loss: (config.x - 2) ** 2 + 1 / step });
      }
      if (config.fail) throw new UserError("fake.failure", "It failed as it was told to");
      return (config.x - 2) ** 2 + seed / 100;
    });
    const result = (mean: number) => ({ bpb: { mean }, tasks: { quiz: { ...estimate, value: config.x / 10 } } });
    return resultsOf([], { fake: result(own.value), other: result(own.value + 1) });
  });
});
