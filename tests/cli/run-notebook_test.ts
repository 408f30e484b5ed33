// `deno task run <notebook.ipynb>`: executed with parameters and written, or refused with nothing written.
import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { runScriptCommand } from "../../lib/cli/run.ts";
import { absent, explainError, UserError } from "../../lib/errors.ts";
import { notebookText, parseNotebook } from "../../lib/jupyter/mod.ts";
import { codeCell, markdownCell, type NotebookCell } from "../../lib/jupyter/format/mod.ts";
import { repositoryRoot } from "../../lib/run/mod.ts";
import { withFolder } from "../run/fixtures.ts";
import { runMainCommand } from "./process.ts";

async function save(path: string, ...cells: NotebookCell[]): Promise<string> {
  await Deno.writeTextFile(path, notebookText({ metadata: {}, nbformat: 4, nbformat_minor: 5, cells }));
  return path;
}

const parameters = codeCell("const steps = 10; // How many.\nconst preset = 'quick';", {
  metadata: { tags: ["parameters"] },
});

/** What the output file's code cells show. */
async function shownIn(path: string): Promise<string[]> {
  const { cells } = parseNotebook(await Deno.readTextFile(path), path);
  return cells.flatMap((cell) => cell.cell_type === "code" ? cell.outputs : [])
    .map((output) => output.output_type === "stream" ? output.text : output.output_type);
}

Deno.test("`run` executes a notebook with parameters, and names the cell that fails", () =>
  withFolder(async (folder) => {
    const path = await save(
      join(folder, "a notebook.ipynb"),
      markdownCell("# T"),
      parameters,
      codeCell("console.log(steps, preset);"),
      codeCell("// Now\nnowhere();"),
      codeCell("console.log('never')"),
    );
    const output = join(folder, "out.ipynb");
    const args = ["run", path, "--set", "steps=3", "--output", output];
    const { code, stdout, stderr } = await runMainCommand(args);
    assert.equal(code, 1, stderr);
    assert.match(stdout, /^code cell 1 of 5: const steps[^]*\ncode cell 4 of 5: nowhere\(\);\n/);
    assert.equal(
      stderr,
      'error: code cell 4 of 5 of a notebook.ipynb, "nowhere();", failed: ReferenceError: nowhere is not defined\n' +
        `  its outputs are in ${output}\n`,
    );
    assert.deepEqual(await shownIn(output), ["3 quick\n", "error"]);
  }));

Deno.test("`run <notebook> --help` lists its parameters", () =>
  withFolder(async (folder) => {
    const lines: string[] = [];
    await runScriptCommand([await save(join(folder, "x.ipynb"), parameters), "--help"], (text) => lines.push(text));
    assert.match(
      lines.join("\n"),
      /--set <name=value>[^]*const steps = 10 {2}\(number; How many\.\)\n {2}const preset/,
    );
    await runScriptCommand([await save(join(folder, "y.ipynb")), "--help"], (text) => lines.push(text));
    assert.match(lines.at(-1)!, /declares no parameters/);
  }));

Deno.test("`run` refuses a notebook that it cannot execute, and writes nothing", () =>
  withFolder(async (folder) => {
    const path = (name: string) => join(folder, name);
    const good = await save(path("good.ipynb"), parameters);
    const other = await save(path("other.ipynb"), codeCell("%%bash\nls"));
    await Deno.writeTextFile(path("old.ipynb"), '{"nbformat": 3, "nbformat_minor": 0}');
    await Deno.writeTextFile(path("text.ipynb"), "# Text");
    await Deno.writeFile(path("bytes.ipynb"), new Uint8Array([0xff, 0xfe]));
    const output = path("out.ipynb");
    const before = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    for (
      const [args, message] of [
        [[good, "--set", "step=3"], /good\.ipynb has no parameter step: it declares steps, preset/],
        [[good, "--set", "steps=x"], /Cannot set steps to "x": expected number/],
        [[good, "--sett", "steps=3"], /Unknown option '--sett'/i],
        [[good, "extra"], /too many arguments/i],
        [[good, "--output", good], /Cannot write ".*good\.ipynb": it already exists\n.*--force/],
        [[good, "--output", folder, "--force"], /it is a folder/],
        [[good, "--output", path("none/out.ipynb")], /there is no folder/],
        [[other], /Code cell 1 of other\.ipynb starts with %%bash/],
        [[path("old.ipynb")], /in nbformat 3\.0: expected nbformat 4/],
        [[path("text.ipynb")], /is not a notebook: it is not JSON/],
        [[path("bytes.ipynb")], /it is not UTF-8/],
        [[path("none.ipynb")], /there is no such file/],
      ] as [string[], RegExp][]
    ) {
      const all = args.includes("--output") ? args : [...args, "--output", output];
      await assert.rejects(
        runScriptCommand(all, () => {}),
        (error) => error instanceof UserError && message.test(explainError(error)),
        args.join(" "),
      );
    }
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), before);
  }));

Deno.test({
  name: "`run` keeps what a notebook has shown when Ctrl-C stops it",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      const pause = "await new Promise((wake) => setTimeout(wake, 500));";
      const path = await save(
        join(folder, "long.ipynb"),
        codeCell("console.log('first')"),
        codeCell(`console.log('second'); ${pause} Deno.mkdirSync("printed"); await new Promise(() => {});`),
      );
      const output = join(folder, "out.ipynb");
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", "main.ts", "run", path, "--output", output],
        cwd: repositoryRoot,
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const ended = child.output();
      while (await Deno.stat(join(folder, "printed")).catch(absent) === undefined) await delay(50);
      child.kill("SIGINT");
      const { code, stdout, stderr } = await ended;
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      assert.equal(code, 130);
      assert.match(text(stdout), /^code cell 1 of 2: [^]*\nWhat was executed is in .*out\.ipynb\n$/);
      assert.match(text(stderr), /Stopped by Ctrl-C/);
      assert.deepEqual(await shownIn(output), ["first\n", "second\n"]);
    }),
});
