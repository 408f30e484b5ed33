// Parameters of notebooks: what a cell declares, the values that it takes, and where they go.
import assert from "node:assert/strict";
import { explainError, UserError } from "../../lib/errors.ts";
import { injectParameters, type Notebook, notebookParameters, readParameters } from "../../lib/jupyter/mod.ts";
import { codeCell, markdownCell } from "../../lib/jupyter/format/mod.ts";

const SOURCE = `// How many steps.
const steps = 10;
let rate = -0.5, name = \`n\`; // both change
const on: boolean = Deno.args.length > 0;
const preset = Deno.env.get("STITCHBOOK_PRESET") ?? "quick";
var kind: "a" | "b" | null = null;
const sizes: readonly number[] = [];
const words = ["x"] as const;
const options = { a: 1 };
const anything = await load();
const [skipped] = [1];
function notOne() {}
`;

function notebook(...cells: Notebook["cells"]): Notebook {
  return { metadata: {}, nbformat: 4, nbformat_minor: 5, cells };
}

const tag = (tag: string) => ({ metadata: { tags: [tag] } });
const declaring = notebook(markdownCell("# T"), codeCell(SOURCE, tag("parameters")), codeCell("steps"));
const declared = notebookParameters(declaring);
const read = (...texts: string[]) => Object.fromEntries(readParameters(texts, declared, "x.ipynb"));

function refuses(text: string | string[], message: RegExp): void {
  assert.throws(
    () => read(...[text].flat()),
    (error) => error instanceof UserError && message.test(explainError(error)),
    String(text),
  );
}

Deno.test("`notebookParameters()` finds variables with their values and comments", () => {
  assert.deepEqual(
    declared.map(({ keyword, name, value, comment }) => [keyword, name, value, comment]).slice(0, 5),
    [
      ["const", "steps", "10", "How many steps."],
      ["let", "rate", "-0.5", ""],
      ["let", "name", "`n`", ""],
      ["const", "on", "Deno.args.length > 0", ""],
      ["const", "preset", 'Deno.env.get("STITCHBOOK_PRESET") ?? "quick"', ""],
    ],
  );
  assert.deepEqual(declared.slice(5).map(({ name }) => name), ["kind", "sizes", "words", "options", "anything"]);
  assert.deepEqual(notebookParameters(notebook(codeCell(SOURCE))), []);
});

Deno.test("`readParameters()` gives values the type that is declared", () => {
  assert.deepEqual(read("steps=1e3", "rate= 2 ", "name=3", "on=true", "preset=smoke", "kind=b"), {
    steps: 1000,
    rate: 2,
    name: "3",
    on: true,
    preset: "smoke",
    kind: "b",
  });
  assert.deepEqual(read("sizes=1,2", "words=[a, b]", 'options={"b": [1]}', "anything=[1]", "kind=null"), {
    sizes: [1, 2],
    words: ["a", "b"],
    options: { b: [1] },
    anything: [1],
    kind: null,
  });
  assert.deepEqual(read('name="a=b"', "preset=a=b"), { name: "a=b", preset: "a=b" });
  assert.deepEqual(read('name=""'), { name: "" });
});

Deno.test("`readParameters()` refuses what no cell declares and values of other types", () => {
  refuses(
    "step=3",
    /^x\.ipynb has no parameter step: it declares steps, rate, name, on, .*anything\n.*did you mean steps\?/,
  );
  refuses("__proto__=3", /has no parameter __proto__/);
  refuses("steps=many", /Cannot set steps to "many": expected number\n.*declared as const steps = 10/);
  refuses("on=yes", /Cannot set on to "yes": expected boolean/);
  refuses("kind=c", /Cannot set kind to "c": expected/);
  refuses("sizes=[1, x]", /Cannot set sizes\[1\] to "x": expected number/);
  refuses('sizes=["1"]', /Cannot set sizes to "\["1"\]": expected list of number/);
  refuses("options=[1]", /Cannot set options/);
  refuses('options={"a": 1', /not JSON/);
  refuses("steps=", /steps has no value/);
  refuses("steps", /expected name=value/);
  refuses("=3", /expected name=value/);
  refuses(["steps=1", "steps=2"], /Cannot set steps twice/);
  assert.throws(
    () => readParameters(["a=1"], [], "x.ipynb"),
    /x\.ipynb has no parameter a: no cell with the tag "parameters" declares any/,
  );
});

Deno.test("`injectParameters()` puts one tagged cell after those that declare", () => {
  const values = readParameters(["steps=3", 'name=a"b'], declared, "x");
  const once = injectParameters(declaring, values, declared);
  assert.deepEqual(once.cells.map(({ source }) => source), [
    "# T",
    SOURCE,
    '// Parameters\nconst steps = 3;\nlet name = "a\\"b";',
    "steps",
  ]);
  assert.deepEqual(once.cells[2]!.metadata, { tags: ["injected-parameters"] });
  // A second injection replaces the first.
  const again = injectParameters(once, readParameters(["steps=4"], notebookParameters(once), "x"), declared);
  assert.deepEqual(again.cells.map(({ source }) => source)[2], "// Parameters\nconst steps = 4;");
  assert.equal(again.cells.length, 4);
  assert.equal(injectParameters(declaring, new Map(), declared), declaring);
});
