// `deno task show` and `deno task ls`.
import assert from "node:assert/strict";
import { z } from "zod";
import { listCommand } from "../../lib/cli/ls.ts";
import { showCommand } from "../../lib/cli/show.ts";
import { UserError } from "../../lib/errors.ts";
import { beginRun, resultsTable } from "../../lib/run/mod.ts";
import { StopError } from "../../lib/run/process/stop.ts";
import { options, withFolder } from "../run/fixtures.ts";
import { results, trainCell } from "../run/trained-run.ts";

Deno.test("`showCommand()` shows results once, names the folders of files, and long tables only with --tables", () =>
  withFolder(async (folder) => {
    const run = await beginRun(options(folder));
    const spec = { name: "seed", title: "", description: "", inputs: {}, code: import.meta, output: z.number() };
    const { key } = await run.cell(spec, async (context) => {
      await Deno.mkdir(`${context.folder}/sub`);
      await Deno.writeTextFile(`${context.folder}/sub/model.safetensors`, "x");
      context.summary(`word ${"long ".repeat(40)}end`);
      context.note("mind this", "warning");
      context.table(resultsTable(results));
      const columns = [{ key: "g", title: "g", kind: "text" as const }];
      for (const name of ["gates", "cost"]) context.table({ name, title: `About ${name}`, columns, rows: [] });
      return 1;
    });
    run.finish(results);
    const shown = async (...args: string[]) => {
      let text = "";
      await showCommand(["last", ...args, "--runs", folder], (piece) => text += piece);
      return text;
    };
    const brief = await shown();
    assert.equal(brief.match(/Held-out bits per byte/g)!.length, 1);
    assert.ok(brief.indexOf("Held-out") < brief.indexOf("About cost"));
    assert.doesNotMatch(brief, /About gates|long end/);
    assert.match(brief, /--tables .*: gates$/);
    assert.match(brief, /\nwarning: mind this\n/);
    assert.ok(brief.includes(`seed  ${folder}/.cells/${key}\n`), brief);
    const all = await shown("--tables");
    assert.match(all, /About gates/);
    assert.match(all, /long end/);
    assert.doesNotMatch(all, /--tables/);
  }));

Deno.test("`showCommand()` says of a run that was stopped that its cells stay, and of no error", () =>
  withFolder(async (folder) => {
    const abort = new AbortController();
    const run = await beginRun(options(folder, { signal: abort.signal }));
    abort.abort(new StopError("SIGINT"));
    run.fail(new Error("the work was cut off"));
    let text = "";
    await showCommand(["last", "--runs", folder], (piece) => text += piece);
    assert.match(text, /\nstopped by Ctrl-C; re-run the same command to resume/);
    assert.doesNotMatch(text, /error/i);
  }));

Deno.test("`listCommand()` and `showCommand()` print a run, as text and as JSON", () =>
  withFolder(async (folder) => {
    const run = await beginRun(options(folder));
    await trainCell(run, "one");
    run.finish(results);
    await Deno.writeTextFile(`${run.folder}/report.html`, "");
    const printed = async (command: typeof listCommand, ...args: string[]) => {
      let text = "";
      await command([...args, "--runs", folder], (piece) => text += piece);
      return text;
    };
    assert.match(await printed(listCommand), new RegExp(`${run.id} +done +1/2 .* 2\\.050 +bts`));
    assert.equal(JSON.parse(await printed(listCommand, "--json"))[0].meanBpb.bts, 2.05);
    const shown = await printed(showCommand, "last");
    assert.match(shown, /one +done +.*loss 3\.00/);
    assert.match(shown, /bts +2\.100/);
    assert.match(shown, /report: .*report\.html/);
    assert.equal(JSON.parse(await printed(showCommand, run.id, "--json")).id, run.id);
    await assert.rejects(printed(showCommand, "x", "y"), UserError);
    await assert.rejects(printed(listCommand, "--jsno"), /--jsno/);
    assert.match(await printed(listCommand, "--help"), /Usage: ls/);
  }));
