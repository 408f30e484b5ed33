// `deno task export run`: each format is written whole or not at all, and mistakes are named.
import assert from "node:assert/strict";
import { join } from "node:path";
import { exportCommand } from "../../lib/cli/export.ts";
import { explainError, UserError } from "../../lib/errors.ts";
import { parseNotebook } from "../../lib/jupyter/mod.ts";
import { DISPLAY, type Displayable, lab } from "../../lib/notebook/mod.ts";
import { addLabel, beginRun, withRun } from "../../lib/run/mod.ts";
import { filesBelow } from "../../lib/run/files/files.ts";
import { results, trainCell } from "../run/trained-run.ts";

const COMMON = {
  experiment: "small",
  title: "A small run",
  preset: "smoke",
  seed: 1,
  device: "none",
  config: {},
  plan: [],
};

/** Folders of runs and of exports, with a finished run. */
async function withFolders(body: (folders: { runs: string; out: string; id: string }) => Promise<void>): Promise<void> {
  const base = await Deno.makeTempDir({ prefix: "stitchbook-export-run-" });
  try {
    const runs = join(base, "runs"), out = join(base, "out");
    await Deno.mkdir(out);
    const { run } = await withRun({ ...COMMON, runsFolder: runs, command: ["deno", "task", "small"] }, async (run) => {
      await trainCell(run, "seed");
      return results;
    });
    await body({ runs, out, id: run.id });
  } finally {
    await Deno.remove(base, { recursive: true });
  }
}

async function exported(...args: string[]): Promise<string> {
  const lines: string[] = [];
  await exportCommand(["run", ...args], (text) => lines.push(text));
  return lines.join("\n");
}

async function refuses(args: readonly string[], message: RegExp): Promise<void> {
  await assert.rejects(
    exported(...args),
    (error) => error instanceof UserError && message.test(explainError(error)),
    args.join(" "),
  );
}

Deno.test("`exportRunCommand()` writes every format, and says where and how large", async () => {
  await withFolders(async ({ runs, out, id }) => {
    addLabel(join(runs, id), { kind: "name", name: "best so far" });
    for (
      const [to, path, files] of [
        ["html", "page.html", undefined],
        ["md", "page.md", undefined],
        ["csv", "tables", ["cells.csv", "metrics.csv", "results.csv", "settings.csv", "tables.csv"]],
        ["tensorboard", "deep/logs", ["report", "results/bts", "results/seed", "seed"]],
      ] as const
    ) {
      const target = join(out, path);
      const said = JSON.parse(await exported("best so far", "--runs", runs, "--to", to, "--out", target, "--json"));
      assert.deepEqual([said.run, said.to, said.out], [id, to, target]);
      for (const { name, bytes } of said.files) {
        assert.equal((await Deno.stat(files === undefined ? name : join(target, name))).size, bytes);
      }
      if (files === undefined) assert.match(await Deno.readTextFile(target), /best so far[\s\S]*Provenance/);
      else assert.deepEqual((await filesBelow(target)).map((file) => file.replace(/\/events\..*/, "")), files);
    }
    // Nothing else is left, and a file is replaced.
    assert.deepEqual([...Deno.readDirSync(out)].map(({ name }) => name).sort(), [
      "deep",
      "page.html",
      "page.md",
      "tables",
    ]);
    assert.match(
      await exported("last", "--runs", runs, "--to", "md", "-o", join(out, "page.md")),
      /^Exported .* kB\)$/,
    );
  });
});

Deno.test("`exportRunCommand()` writes a notebook whose code shows what its outputs are", async () => {
  await withFolders(async ({ runs, out, id }) => {
    const path = join(out, "run.ipynb");
    await exported(id, "--runs", runs, "--to", "ipynb", "--out", path);
    const { cells } = parseNotebook(await Deno.readTextFile(path), path);
    const code = cells.filter((cell) => cell.cell_type === "code");
    assert.deepEqual(code.map(({ source }) => source), [
      `import { lab } from "stitchbook";\n\nconst run = await lab.attach(${JSON.stringify(id)}, { runs: ${
        JSON.stringify(runs)
      } });\nrun;`,
      "run.results();",
      'run.figure("mean");',
      'run.figure("matrix");',
      'run.figure("loss");',
      'run.figure("parameters");',
      'run.figure("time");',
      'run.metrics("seed");',
      "run.settings();",
    ]);
    using run = await lab.attach(id, { runs });
    for (const [at, { source, outputs, execution_count }] of code.entries()) {
      const value = at === 0 ? run : new Function("run", `return ${source}`)(run) as Displayable;
      const shown = await value[DISPLAY]();
      assert.deepEqual(outputs, [{ output_type: "display_data", data: shown, metadata: {} }], source);
      assert.equal(execution_count, at + 1);
      assert.ok(shown["text/plain"] !== "", source);
    }
    const text = cells.filter((cell) => cell.cell_type === "markdown").map(({ source }) => source).join("\n");
    assert.match(text, /^# A small run\n[^]*\n## Reproduce\n\n```sh\ndeno task small\n```$/);
  });
});

Deno.test("`exportRunCommand()` refuses what it cannot write, and writes nothing", async () => {
  await withFolders(async ({ runs, out }) => {
    await Deno.writeTextFile(join(out, "a file"), "mine");
    const of = (to: string, path: string) => ["last", "--runs", runs, "--to", to, "--out", path];
    await refuses(of("csv", out), /it is not empty/);
    await refuses(of("csv", join(out, "a file")), /it is a file/);
    await refuses(of("tensorboard", ""), /empty/);
    await refuses(of("html", out), /it is a folder/);
    await refuses(of("md", join(out, "none", "page.md")), /there is no folder/);
    await refuses(of("html", ""), /empty/);
    await refuses(of("pdf", join(out, "x")), /Allowed choices are html, md, ipynb, csv, tensorboard/);
    await refuses(["last", "--runs", runs], /--to/);
    await refuses(["another", "--runs", runs, "--to", "md"], /There is no run "another"[\s\S]*deno task ls/);
    assert.deepEqual([...Deno.readDirSync(out)].map(({ name }) => name), ["a file"]);
  });
});

Deno.test("`exportRunCommand()` writes a run that is under way or damaged as far as it goes", async () => {
  await withFolders(async ({ runs, out, id }) => {
    const log = join(runs, id, "events.jsonl");
    const lines = (await Deno.readTextFile(log)).split("\n");
    await Deno.writeTextFile(log, ["damaged", ...lines.slice(1)].join("\n"));
    await exported(id, "--runs", runs, "--to", "md", "--out", join(out, "damaged.md"));
    assert.match(await Deno.readTextFile(join(out, "damaged.md")), /beginning of this run’s log is damaged/);
    await exported(id, "--runs", runs, "--to", "ipynb", "--out", join(out, "damaged.ipynb"));
    const run = await beginRun({ ...COMMON, runsFolder: runs, command: [] });
    await exported(run.id, "--runs", runs, "--to", "csv", "--out", join(out, "running"));
    await exported(run.id, "--runs", runs, "--to", "ipynb", "--out", join(out, "running.ipynb"));
    await exported(run.id, "--runs", runs, "--to", "html", "--out", join(out, "running.html"));
    assert.match(await Deno.readTextFile(join(out, "running.html")), /still in progress/);
    run.finish(results);
  });
});
