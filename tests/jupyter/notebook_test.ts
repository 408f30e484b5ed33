// Notebook files: written as nbformat writes them, and refused when they are something else.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import {
  checkLanguage,
  notebookParameters,
  notebookText,
  notebookToScript,
  parseNotebook,
  scriptToNotebook,
} from "../../lib/jupyter/mod.ts";
import { random } from "../../lib/random.ts";
import { repositoryRoot } from "../../lib/run/mod.ts";

const folder = join(repositoryRoot, "notebooks");
const empty = { metadata: {}, nbformat: 4, nbformat_minor: 5, cells: [] as unknown[] };

/** A notebook's text with one code cell. */
const withCell = (cell: object, metadata: object = {}) =>
  JSON.stringify({
    ...empty,
    metadata,
    cells: [{ cell_type: "code", id: "a", execution_count: null, metadata: {}, outputs: [], source: "1", ...cell }],
  });

const refused = (text: string, message: RegExp) =>
  assert.throws(
    () => checkLanguage(parseNotebook(text, "x.ipynb"), "x.ipynb"),
    (error) => error instanceof UserError && message.test(error.message) && !error.message.includes("\n"),
    text,
  );

Deno.test("`notebookText()` gives back the files that nbformat wrote, byte for byte", async () => {
  let count = 0;
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".ipynb")) continue;
    const text = await Deno.readTextFile(join(folder, name));
    assert.equal(notebookText(parseNotebook(text, name)), text, name);
    count++;
  }
  assert.ok(count >= 9);
});

Deno.test("`notebookText()` cuts lines as Python does, and leaves JSON values alone", () => {
  const outputs = [{
    output_type: "display_data",
    metadata: {},
    data: { "text/plain": ["a\r\n", "b\u2028", "c\r", "d"], "application/json": ["x", { y: "1\n2" }] },
  }];
  const { cells } = parseNotebook(withCell({ outputs, source: ["1\n", "\n", "2\n"] }), "x");
  assert.equal(cells[0]!.source, "1\n\n2\n");
  const written = JSON.parse(notebookText(parseNotebook(withCell({ outputs, source: "1\n\n2\n" }), "x")));
  assert.deepEqual(written.cells[0].outputs, outputs);
  assert.deepEqual(written.cells[0].source, ["1\n", "\n", "2\n"]);
});

Deno.test("`parseNotebook()` gives cells without an id of their own one, the same each time", () => {
  const cell = { cell_type: "markdown", metadata: {}, source: "text" };
  const text = JSON.stringify({
    ...empty,
    cells: [cell, { ...cell, id: "a" }, { ...cell, id: "a" }, { ...cell, id: "ä" }],
  });
  const ids = parseNotebook(text, "x").cells.map(({ id }) => id);
  assert.equal(new Set(ids).size, 4);
  assert.equal(ids[1], "a");
  assert.deepEqual(parseNotebook(text, "x").cells.map(({ id }) => id), ids);
  const old = parseNotebook(JSON.stringify({ ...empty, nbformat_minor: 4, cells: [cell] }), "x");
  assert.equal(old.cells[0]!.id, undefined);
});

Deno.test("`parseNotebook()` refuses what is not a notebook of nbformat 4", () => {
  refused("", /^x\.ipynb is not a notebook: it is empty$/);
  refused("print(1)", /it is not JSON/);
  for (const text of ["null", "[]", "3", "{}"]) refused(text, /it has no "nbformat"/);
  refused(
    '{"nbformat": 3, "nbformat_minor": 0, "worksheets": []}',
    /^x\.ipynb is in nbformat 3\.0: expected nbformat 4$/,
  );
  refused('{"nbformat": 5, "nbformat_minor": 1}', /in nbformat 5\.1/);
  refused('{"nbformat": "4"}', /in nbformat 4: expected/);
  refused(JSON.stringify({ ...empty, cells: undefined }), /cells: expected a list of cells$/);
  refused(JSON.stringify({ ...empty, metadata: [] }), /metadata: expected an object$/);
  refused(withCell({ cell_type: "heading" }), /cells\[0\]\.cell_type: expected code, markdown or raw$/);
  refused(withCell({ source: 3 }), /cells\[0\]\.source: expected text$/);
  refused(withCell({ outputs: {} }), /cells\[0\]\.outputs: expected a list$/);
  refused(withCell({ outputs: [{ output_type: "pyout" }] }), /cells\[0\]\.outputs\[0\]\.output_type: expected stream/);
});

Deno.test("`checkLanguage()` refuses notebooks and cells of other kernels", () => {
  const kernel = (spec: object) => ({ kernelspec: spec });
  checkLanguage(parseNotebook(withCell({}), "x"), "x");
  checkLanguage(parseNotebook(withCell({}, kernel({ name: "mine", display_name: "My Deno" })), "x"), "x");
  checkLanguage(parseNotebook(withCell({ metadata: { vscode: { languageId: "typescript" } } }), "x"), "x");
  refused(
    withCell({}, kernel({ name: "python3", display_name: "Python 3", language: "python" })),
    /^x\.ipynb is for the kernel Python 3 \(python\): expected TypeScript/,
  );
  refused(withCell({}, { language_info: { name: "julia" } }), /for the kernel julia: expected/);
  refused(withCell({}, kernel({ name: "ir", display_name: "R" })), /for the kernel R: expected/);
  refused(withCell({ source: "\n%%bash\nls" }), /^Code cell 1 of x\.ipynb starts with %%bash: expected/);
  refused(
    withCell({ metadata: { vscode: { languageId: "python" } } }),
    /^Code cell 1 of x\.ipynb is in python: expected/,
  );
});

Deno.test("a damaged notebook is read or refused in one sentence, whatever is damaged", async () => {
  const seed = Number(Deno.env.get("STITCHBOOK_TEST_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]!);
  const { int, pick } = random(seed, "damage");
  const file = join(folder, "03-gates.ipynb");
  const source = JSON.parse(await Deno.readTextFile(file));
  source.metadata.stitchbook = { script: { format: "plain", eol: "\r\n", ends: false, bom: true, header: ["// ---"] } };
  source.cells[0].metadata.stitchbook = { lines: ["// text"] };
  source.cells.push({ cell_type: "raw", id: "r", metadata: {}, source: "", attachments: { a: { "text/plain": "b" } } });
  source.cells.push(
    JSON.parse(withCell({ outputs: [{ output_type: "error", ename: "", evalue: "", traceback: [] }] })).cells[0],
  );
  for (const cell of source.cells) {
    for (const output of cell.outputs ?? []) if (output.data) output.data = { "text/plain": ["a"] };
  }
  const values = [null, 3, -1.5, "text", "", [], {}, [null], [3], { a: null }, true, [
    "python",
    "%%bash",
  ]];
  let refusedOnes = 0;
  for (let n = 0; n < 400; n++) {
    const value = structuredClone(source);
    for (let times = 1 + int(2); times > 0; times--) {
      let at = value;
      for (;;) {
        const key = pick(Object.keys(at));
        const inner = at[key];
        if (typeof inner === "object" && inner !== null && Object.keys(inner).length > 0 && int(5) > 0) at = inner;
        else {
          if (int(4) === 0) delete at[key];
          else at[key] = structuredClone(pick(values));
          break;
        }
      }
      if (Object.keys(value).length === 0) break;
    }
    const text = JSON.stringify(value);
    try {
      const notebook = parseNotebook(text, "x.ipynb");
      checkLanguage(notebook, "x.ipynb");
      notebookParameters(notebook);
      // What is read can be written, and read again.
      const written = notebookText(notebook);
      assert.equal(notebookText(parseNotebook(written, "x.ipynb")), written);
      scriptToNotebook(notebookToScript(notebook));
    } catch (error) {
      assert.ok(
        error instanceof UserError && !error.message.includes("\n"),
        `seed ${seed}: ${error}\n${(error as Error).stack}`,
      );
      refusedOnes++;
    }
  }
  assert.ok(refusedOnes > 20, `seed ${seed}: ${refusedOnes} refused`);
  refused("[".repeat(200_000), /it is not JSON/);
  refused("[".repeat(200_000) + "]".repeat(200_000), /nested more than 500 levels deep/);
});
