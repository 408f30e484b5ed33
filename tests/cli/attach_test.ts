// `attach`, `queue`, `logs` and `cell` on runs that have no jobs, attempts or such cells.
import assert from "node:assert/strict";
import { join } from "node:path";
import { attachCommand } from "../../lib/cli/attach.ts";
import { cellCommand } from "../../lib/cli/cell.ts";
import { logsCommand } from "../../lib/cli/logs.ts";
import { queueCommand } from "../../lib/cli/queue.ts";
import { stopCommand } from "../../lib/cli/stop.ts";
import type { SlurmCommands } from "../../lib/engine/mod.ts";
import { beginRun } from "../../lib/run/mod.ts";
import { trainCell } from "../run/cells/cells.ts";
import { emptyResults, options, withFolder } from "../run/fixtures.ts";

Deno.test("`attach` refuses a run that is done, and `stop` says how many of its jobs it has cancelled", () =>
  withFolder(async (runs) => {
    const run = await beginRun(options(runs));
    await trainCell(run, "one", [1]);
    const jobs = { one: { job: "7", task: null }, two: { job: "8", task: null } };
    await Deno.mkdir(join(run.folder, "jobs"));
    await Deno.writeTextFile(join(run.folder, "jobs", "table.json"), JSON.stringify({ schemaVersion: 1, jobs }));
    run.finish(emptyResults);
    await assert.rejects(attachCommand([run.id, "--runs", runs]), {
      code: "attach.done",
      message: `Cannot attach to ${run.id}: it is done, and its jobs have ended`,
      hint: `deno task show ${run.id} shows what came of it`,
    });
    const stopped = async (...states: string[]) => {
      const lines: string[] = [];
      const queue = states.map((state, at) => `${7 + at}|${7 + at}|${state}||None`).join("\n");
      const slurm: SlurmCommands = (name) =>
        Promise.resolve({ code: 0, stdout: name === "squeue" ? queue : "", stderr: "" });
      await stopCommand([run.id, "--runs", runs], (line) => void lines.push(line), slurm);
      return lines.join("\n");
    };
    assert.equal(await stopped(), `${run.id} is done; none of its jobs waits or runs`);
    assert.equal(await stopped("COMPLETED", "PENDING"), `${run.id} is done; one of its jobs was cancelled`);
    assert.equal(await stopped("RUNNING", "PENDING"), `${run.id} is done; 2 of its jobs were cancelled`);
  }));

Deno.test("`attach` and `logs` refuse a run without jobs and a cell without attempts; `queue` lists its cells", () =>
  withFolder(async (runs) => {
    const run = await beginRun(options(runs));
    await trainCell(run, "one", [1]);
    run.finish(emptyResults);
    const lines: string[] = [];
    const print = (line: string) => void lines.push(line);
    const none = () => Promise.reject(new Error("Slurm is not asked"));
    await assert.rejects(attachCommand([run.id, "--runs", runs], print), {
      code: "attach.none",
      message: /Cannot attach to .*: it has no jobs on a cluster/,
    });
    await assert.rejects(logsCommand([run.id, "one", "--runs", runs], print), { code: "logs.none" });
    await assert.rejects(logsCommand([run.id, "tow", "--runs", runs], print), { hint: "did you mean two?" });
    await assert.rejects(cellCommand([run.id, "one", "--threads", "0", "--runs", runs], print), {
      code: "command.malformed",
    });
    assert.deepEqual(lines, []);
    await queueCommand([run.id, "--runs", runs, "--json"], print, none);
    assert.deepEqual(lines.map((line) => JSON.parse(line)).map(({ cell, job, state }) => [cell, job, state]), [
      ["one", "", "done"],
      ["two", "", "planned"],
    ]);
    for (const command of [attachCommand, logsCommand, queueCommand, cellCommand]) {
      lines.length = 0;
      await command(["--help"], print);
      assert.match(lines.join("\n"), /^Usage: /);
    }
  }));
