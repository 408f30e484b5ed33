// Sixteen processes write runs while the index is read: nothing is locked, and every event is there.
import { queryRuns, repositoryRoot } from "../../lib/run/mod.ts";
import { inFolder } from "./subject.ts";

const PROCESSES = 16;
const EVENTS = 1000;

/** Tries it once. */
export function writeWhileRead(): Promise<{ tried: number; survived: number; note: string }> {
  return inFolder(async (runs) => {
    const script = `
      import { beginRun } from "./lib/run/mod.ts";
      import { emptyResults, options } from "./tests/run/fixtures.ts";
      const run = await beginRun(options(${JSON.stringify(runs)}));
      for (let i = 0; i < ${EVENTS}; i++) {
        run.note("note " + i);
        if (i % 50 === 0) await new Promise((resolve) => setTimeout(resolve));
      }
      run.finish(emptyResults);`;
    const writers = Array.from({ length: PROCESSES }, () =>
      new Deno.Command(Deno.execPath(), {
        args: ["eval", "--ext=ts", "--no-check", script],
        cwd: repositoryRoot,
        stdout: "null",
        stderr: "inherit",
      }).spawn());
    let writing = true;
    const codes = Promise.all(writers.map(async ({ status }) => (await status).code)).finally(() => writing = false);
    const count = async () =>
      Number((await queryRuns(runs, "select count(*) as n from notes", { seconds: 300 })).rows[0]!["n"]);
    let reads = 0;
    for (let before = 0; writing; reads++) {
      const now = await count();
      if (now < before) throw new Error(`The index lost events: ${before}, then ${now}`);
      before = now;
    }
    if ((await codes).some((code) => code !== 0)) throw new Error("A writer failed");
    const rows = await count();
    return {
      tried: 1,
      survived: rows === PROCESSES * EVENTS ? 1 : 0,
      note: `${rows} rows, read ${reads} times meanwhile`,
    };
  });
}
