// Executing notebooks in Deno's kernel.
import assert from "node:assert/strict";
import type { Notebook } from "../../lib/jupyter/mod.ts";
import { codeCell, markdownCell } from "../../lib/jupyter/format/mod.ts";
import { withFolder } from "../run/fixtures.ts";
import { execute } from "./executing.ts";

const tags = (...tags: string[]) => ({ metadata: { tags } });

const outputsOf = (notebook: Notebook, at: number) => {
  const cell = notebook.cells[at]!;
  return cell.cell_type === "code" ? cell.outputs : [];
};

Deno.test("`executeNotebook()` keeps what cells show, up to the one that fails", () =>
  withFolder(async (folder) => {
    const { failure, saved, reported, last } = await execute({
      folder,
      cells: [
        markdownCell("# Text"),
        codeCell("const a: number = 1;\nawait 2; a", {
          outputs: [{ output_type: "stream", name: "stdout", text: "old" }],
        }),
        codeCell(""),
        codeCell("throw new Error('never')", tags("skip-execution")),
        codeCell("null.x", tags("raises-exception")),
        codeCell("const bad: = 3;", tags("raises-exception")),
        codeCell(
          "console.log(Deno.cwd() === Deno.realPathSync('.'), 'late'); for (let i = 0; i < 300; i++) console.log(i);",
        ),
        codeCell("// Why it fails.\n\nthrow new RangeError(`a\\u001b[31m is ${a}`);"),
        codeCell("'never'"),
      ],
    });
    assert.deepEqual(failure, {
      cell: { number: 5, of: 6, line: "throw new RangeError(`a\\u001b[31m is ${a}`);" },
      what: "RangeError: a is 1",
    });
    assert.deepEqual(reported, [1, -1, 2, -2, 3, -3, 4, -4, 5, -5]);
    assert.equal(saved.length, 5); // after each, and at the end
    assert.deepEqual(last.cells.map((cell) => cell.cell_type === "code" ? cell.execution_count : "text"), [
      "text",
      1,
      null,
      null,
      2,
      3,
      4,
      5,
      null,
    ]);
    assert.deepEqual(outputsOf(last, 1).map(({ output_type }) => output_type), ["execute_result"]);
    const [bad] = outputsOf(last, 5);
    assert.ok(bad?.output_type === "error" && bad.ename === "SyntaxError" && bad.evalue === "Type expected. (line 1)");
    const [printed] = outputsOf(last, 6);
    assert.ok(printed?.output_type === "stream");
    assert.equal(printed.text, `true late\n${Array.from({ length: 300 }, (_, i) => `${i}\n`).join("")}`);
    assert.equal((last.metadata as { language_info: { name: string } }).language_info.name, "typescript");
  }));

Deno.test("`executeNotebook()` saves what it has when it is stopped, and when the kernel ends", () =>
  withFolder(async (folder) => {
    const pause = "await new Promise((wake) => setTimeout(wake, 500));";
    const endless = `console.log("here"); ${pause} Deno.mkdirSync("printed"); await new Promise(() => {});`;
    const ends = `console.log("here"); ${pause} Deno.exit(3);`;
    const [stopped, ended] = await Promise.all([
      execute({ folder, cells: [codeCell("1"), codeCell(endless)], stopAt: "printed" }),
      execute({ folder, cells: [codeCell("1"), codeCell(ends)] }),
    ]);
    assert.equal(stopped.thrown, "stopped");
    assert.deepEqual(ended.failure, {
      cell: { number: 2, of: 2, line: `${ends.slice(0, 71)}…` },
      what: "the kernel ended (exit code 3)",
    });
    for (const { last } of [stopped, ended]) {
      assert.deepEqual(outputsOf(last, 1), [{ output_type: "stream", name: "stdout", text: "here\n" }]);
    }
  }));
