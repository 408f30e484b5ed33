// Scripts as notebooks and notebooks as scripts: there and back, nothing changes.
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  codeCell,
  DENO_METADATA,
  markdownCell,
  type Notebook,
  type NotebookCell,
  notebookText,
} from "../../../lib/jupyter/format/notebook.ts";
import { notebookToScript, scriptToNotebook } from "../../../lib/jupyter/script/convert.ts";
import { parseNotebook } from "../../../lib/jupyter/format/read.ts";
import { random } from "../../../lib/random.ts";
import { repositoryRoot } from "../../../lib/run/files/repository.ts";

const SEED = Number(Deno.env.get("STITCHBOOK_TEST_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]!);
const { int: below, pick, shuffle } = random(SEED, "scripts");
const some = <T>(most: number, make: (at: number) => T): T[] =>
  Array.from({ length: below(most + 1) }, (_, at) => make(at));

/** Lines that are easily taken for something else. */
const LINES = [
  "const a = 1;",
  "// text",
  "//",
  "//text",
  "// ",
  "",
  "",
  "  ",
  "// %%",
  "//%% x",
  "// %%% deeper",
  '// %% title [markdown] tags=["a", "b"] id="x y"',
  "// %% [raw]",
  '// %% until="end1"',
  "// %% end1",
  '// %% a={"b": "]"} {"c d": 1}',
  "// %% [markdown] broken={",
  "%% magic",
  "/* a",
  "b */",
  "const t = `",
  "`;",
  "function f() {",
  "}",
  "// ---",
  "// jupyter:",
  "//   kernelspec: {name: deno}",
  "// jupyter: {}",
  "// @ts-ignore",
  "# Title",
  "été 漢字 😀",
  "a\u2028b",
  "a\r",
  "\t<b>",
];
const text = () => some(8, () => pick(LINES)).join("\n");
const value = (): unknown =>
  pick([
    () => text(),
    () => pick([0, -1.5, true, null, 1e21]),
    () => some(3, () => text()),
    () => ({ [pick(["a", "b c", "", "id"])]: text() }),
  ])();
const metadata = () =>
  Object.fromEntries(
    some(3, () => [
      pick(["tags", "title", "id", "source", "until", "metadata", "a-b", "a.b", "", "stitchbook_", "é"]),
      value(),
    ]),
  );

function randomCell(at: number, minor: number): NotebookCell {
  const more = { metadata: metadata(), ...(minor < 5 ? {} : { id: `${at}${pick(["", "-x", "_"])}` }) };
  if (below(2) === 0) return codeCell(text(), more);
  const attachments = below(4) === 0
    ? { attachments: { "a b.png": { "image/png": "AAAA", "text/plain": text() } } }
    : {};
  return { ...markdownCell(text(), { ...more, ...attachments }), cell_type: pick(["markdown", "raw"]) };
}

const same = (one: string, other: string, what: string) =>
  assert.equal(other, one, `${what}, random seed ${SEED}\n${JSON.stringify(one)}`);

Deno.test("a notebook comes back from a script as it was", () => {
  for (let n = 0; n < 150; n++) {
    const minor = pick([4, 5, 5]);
    const notebook: Notebook = {
      metadata: pick([DENO_METADATA, {}, { ...DENO_METADATA, ...metadata() }]),
      nbformat: 4,
      nbformat_minor: minor,
      cells: some(5, (at) => randomCell(at, minor)),
    };
    const script = notebookToScript(notebook);
    same(notebookText(notebook), notebookText(scriptToNotebook(script)), `notebook ${n} as ${JSON.stringify(script)}`);
  }
});

Deno.test("a script comes back from a notebook as it was", () => {
  for (let n = 0; n < 500; n++) {
    const lines = some(14, () => pick(LINES));
    const script = pick(["", "\uFEFF"]) + lines.join(pick(["\n", "\n", "\r\n"])) + pick(["", "\n", "\n\n"]);
    // Through the notebook's file.
    const file = notebookText(scriptToNotebook(script));
    same(script, notebookToScript(parseNotebook(file, "x.ipynb")), `script ${n}`);
  }
});

Deno.test("a changed notebook that was a script keeps its changes", () => {
  for (let n = 0; n < 200; n++) {
    const made = scriptToNotebook(some(14, () => pick(LINES)).join("\n"));
    const cells = shuffle([...made.cells, randomCell(99, 5)])
      .map((cell) => below(3) === 0 ? { ...cell, source: text() } : cell);
    const again = scriptToNotebook(notebookToScript({ ...made, cells }));
    const content = (cells: Notebook["cells"]) =>
      JSON.stringify(cells.map(({ cell_type, source }) => [cell_type, source]));
    same(content(cells), content(again.cells), `notebook ${n}`);
  }
});

Deno.test("every experiment and every committed notebook comes back byte for byte, but for outputs", async () => {
  for (const folder of ["experiments", "experiments/studies", "lib/bts"]) {
    for await (const { name } of Deno.readDir(join(repositoryRoot, folder))) {
      if (!name.endsWith(".ts")) continue;
      const script = await Deno.readTextFile(join(repositoryRoot, folder, name));
      const notebook = scriptToNotebook(script);
      assert.equal(notebookToScript(notebook), script, name);
      if (folder !== "lib/bts") assert.ok(notebook.cells.length > 1, `${name} has more than one cell`);
    }
  }
  for await (const { name } of Deno.readDir(join(repositoryRoot, "notebooks"))) {
    if (!name.endsWith(".ipynb")) continue;
    const notebook = parseNotebook(await Deno.readTextFile(join(repositoryRoot, "notebooks", name)), name);
    const cells = notebook.cells.map((cell) =>
      cell.cell_type === "code" ? { ...cell, outputs: [], execution_count: null } : cell
    );
    assert.equal(
      notebookText(scriptToNotebook(notebookToScript(notebook))),
      notebookText({ ...notebook, cells }),
      name,
    );
  }
});

Deno.test("`scriptToNotebook()` cuts a script where its top level has empty lines", () => {
  const script = `// About.
//
//     deno task x
import a from "a";

// Text of its own:
// two lines.

/** A function. */
function f() {
  const t = \`

\`;

  return t;
}


/* A comment

   with an empty line. */
f();

// @ts-ignore
`;
  const { cells } = scriptToNotebook(script);
  assert.deepEqual(cells.map(({ cell_type, source }) => [cell_type, source.split("\n")[0]]), [
    ["markdown", "About."],
    ["code", 'import a from "a";'],
    ["markdown", "Text of its own:"],
    ["code", "/** A function. */"],
    ["code", "/* A comment"],
    ["code", "// @ts-ignore"],
  ]);
});

Deno.test("`scriptToNotebook()` reads cells with titles, types and metadata", () => {
  const script = `// ---
// jupyter:
//   kernelspec:
//     display_name: Deno
//     language: typescript
//     name: deno
// ---

// %% [markdown]
// # Title
//
// Text

// %% Settings tags=["parameters"]
const preset = "quick";

// %%
preset;
`;
  const { metadata, cells } = scriptToNotebook(script);
  assert.deepEqual(metadata, { kernelspec: { display_name: "Deno", language: "typescript", name: "deno" } });
  assert.deepEqual(cells.map(({ cell_type, source, metadata }) => [cell_type, source, metadata]), [
    ["markdown", "# Title\n\nText", {}],
    ["code", 'const preset = "quick";', { title: "Settings", tags: ["parameters"] }],
    ["code", "preset;", {}],
  ]);
  assert.equal(notebookToScript({ nbformat: 4, nbformat_minor: 5, metadata, cells }), script);
});
