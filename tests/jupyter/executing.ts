// Executes cells for a test, in a process of its own: ZeroMQ's library is native code, and the tests of other files, which
// run in threads of one process, would end with it if it crashed.
//
// Standard input is a task and standard output its outcome, both as JSON.
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { absent } from "../../lib/errors.ts";
import { type CellFailure, executeNotebook } from "../../lib/jupyter/execute.ts";
import type { Notebook } from "../../lib/jupyter/format/notebook.ts";
import { startKernel } from "../../lib/jupyter/kernel/client.ts";

export interface Task {
  readonly folder: string;
  readonly cells: Notebook["cells"];
  /** Stops the execution when this file is in the folder. */
  readonly stopAt?: string;
}

export interface Outcome {
  readonly failure?: CellFailure;
  /** Message of what was thrown. */
  readonly thrown?: string;
  /** The notebook, each time that it was saved. */
  readonly saved: readonly Notebook[];
  /** Numbers of cells that were reported: negative for their ends. */
  readonly reported: readonly number[];
}

/** Executes cells in another process. */
export async function execute(task: Task): Promise<Outcome & { readonly last: Notebook }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", import.meta.filename!],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(task)));
  await writer.close();
  const { success, signal, stdout, stderr } = await child.output();
  const said = new TextDecoder().decode(stderr);
  if (!success) throw new Error(`The process that executes cells ended (${signal ?? "no signal"}): ${said}`);
  const outcome: Outcome = JSON.parse(new TextDecoder().decode(stdout));
  return { ...outcome, last: outcome.saved.at(-1)! };
}

async function run({ folder, cells, stopAt }: Task): Promise<Outcome> {
  const stop = new AbortController();
  if (stopAt !== undefined) {
    (async () => {
      while (await Deno.stat(join(folder, stopAt)).catch(absent) === undefined) await delay(50);
      stop.abort(new Error("stopped"));
    })();
  }
  const kernel = await startKernel(folder);
  const saved: Notebook[] = [], reported: number[] = [];
  try {
    const failure = await executeNotebook({ metadata: {}, nbformat: 4, nbformat_minor: 5, cells }, {
      kernel,
      signal: stop.signal,
      save: (notebook) => Promise.resolve(void saved.push(structuredClone(notebook))),
      report: ({ number }, seconds) => reported.push(seconds === undefined ? number : -number),
    });
    return { ...failure === undefined ? {} : { failure }, saved, reported };
  } catch (error) {
    return { thrown: (error as Error).message, saved, reported };
  } finally {
    await kernel.stop();
  }
}

if (import.meta.main) {
  console.log(JSON.stringify(await run(await new Response(Deno.stdin.readable).json())));
  Deno.exit();
}
