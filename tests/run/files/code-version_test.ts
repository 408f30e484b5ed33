// The code version: which files decide what a module does, and which do not.
import assert from "node:assert/strict";
import { join } from "node:path";
import ts from "typescript";
import { codeReader } from "../../../lib/run/files/code-version.ts";
import { type ModuleFacts, moduleFacts } from "../../../lib/run/files/module-facts.ts";
import { repositoryRoot } from "../../../lib/run/mod.ts";
import { filesBelow } from "../../../lib/run/files/files.ts";

/** The paths of the sources that count for a module of a tree of files. */
function sourcesOf(files: Readonly<Record<string, string>>, ...roots: string[]): string[] {
  return Object.keys(codeOfTree(files, ...roots).sources);
}

function codeOfTree(files: Readonly<Record<string, string>>, ...roots: string[]) {
  const at = (path: string) => path.slice("/tree/".length);
  const read = codeReader({
    read(path) {
      const text = files[at(path)];
      if (text === undefined) throw new Error("no such file");
      return new TextEncoder().encode(text);
    },
    list: (folder) =>
      Object.keys(files).map((path) => `/tree/${path}`).filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1)).filter((name) => !name.includes("/")),
  }, "/tree");
  return read(roots.map((root) => ({ url: `file:///tree/${root}` })));
}

Deno.test("imports count, also dynamic ones and those of imports, in cycles too; types do not", () => {
  const tree = {
    "main.ts": `import { a } from "./a.ts";
      import type { T } from "./types.ts";
      import { type U, type V } from "./types.ts";
      // import { c } from "./commented.ts";
      const text = 'import { d } from "./quoted.ts"';
      export type { T } from "./types.ts";
      export const later = async () => (await import("./later.ts")).x;`,
    "a.ts": `import { b, type W } from "./b.ts"; export const a = b;`,
    "b.ts": `import { a } from "./a.ts"; import "./effect.ts"; export * from "./star.ts"; export const b = () => a;`,
    ...Object.fromEntries(
      ["types", "later", "effect", "star", "commented", "quoted"].map((name) => [`${name}.ts`, "export const x = 1;"]),
    ),
  };
  assert.deepEqual(sourcesOf(tree, "main.ts"), ["a.ts", "b.ts", "effect.ts", "later.ts", "main.ts", "star.ts"]);
});

Deno.test("this package's own modules are followed when they are imported by name; other packages are not", () => {
  const tree = {
    "experiment.ts": `import { learningRate } from "@stitchbook/stitchbook/train";
      import { openRun } from "@stitchbook/stitchbook";
      import { other } from "@stitchbook/stitchbooks";
      import { z } from "zod";`,
    "mod.ts": `export { openRun } from "./lib/open.ts"; export { unused } from "./lib/unused.ts";`,
    "lib/train/mod.ts": `export { learningRate } from "./schedule.ts"; export { train } from "./loop.ts";`,
    ...Object.fromEntries(
      ["open", "unused", "train/schedule", "train/loop"].map((name) => [
        `lib/${name}.ts`,
        "export const openRun = 1, unused = 2, learningRate = 3, train = 4;",
      ]),
    ),
  };
  assert.deepEqual(sourcesOf(tree, "experiment.ts"), [
    "@stitchbook/stitchbooks",
    "experiment.ts",
    "lib/open.ts",
    "lib/train/schedule.ts",
    "zod",
  ]);
});

Deno.test("through a barrel a name leads to the module that defines it", () => {
  const tree = {
    "mod.ts": `// The room.
      export { one, type One } from "./one.ts";
      export { two as deux } from "./two.ts";
      export * from "./inner/mod.ts";
      export * from "./five.ts";
      export type { Six } from "./six.ts";`,
    "inner/mod.ts": `export { three, four } from "./numbers.ts"; export * as all from "./all.ts";`,
    "inner/numbers.ts": "export const three = 3, four = 4;",
    "inner/all.ts": "export const x = 1;",
    "one.ts": "export const one = 1; export interface One {}",
    "two.ts": "export const two = 2;",
    "five.ts": "export const five = 5; export interface Five {}",
    "six.ts": "export interface Six {}",
  };
  const using = (statement: string) =>
    sourcesOf({ ...tree, "main.ts": statement }, "main.ts").filter((path) => path !== "main.ts");
  assert.deepEqual(using(`import { one } from "./mod.ts";`), ["one.ts"]);
  assert.deepEqual(using(`import { deux as zwei } from "./mod.ts";`), ["two.ts"]);
  assert.deepEqual(using(`import { four } from "./mod.ts";`), ["inner/numbers.ts"]);
  assert.deepEqual(using(`import { five } from "./mod.ts";`), ["five.ts"]);
  assert.deepEqual(using(`import { all } from "./mod.ts";`), ["inner/all.ts"]);
  // Types lead nowhere, whether they are said to be types or not.
  assert.deepEqual(using(`import { One, Five, Six, type deux } from "./mod.ts";`), []);
  const everything = ["five.ts", "inner/all.ts", "inner/numbers.ts", "one.ts", "two.ts"];
  for (
    const statement of [`import * as room from "./mod.ts";`, `import "./mod.ts";`, `const room = import("./mod.ts");`]
  ) {
    assert.deepEqual(using(statement), everything, statement);
  }
  // What cannot be found may be anywhere.
  assert.deepEqual(using(`import { missing } from "./mod.ts";`), everything);
  // What a barrel imports for its effects runs with every name.
  const effects = { ...tree, "mod.ts": `import "./effect.ts";\n${tree["mod.ts"]}`, "effect.ts": "register();" };
  assert.deepEqual(sourcesOf({ ...effects, "main.ts": `import { one } from "./mod.ts";` }, "main.ts"), [
    "effect.ts",
    "main.ts",
    "one.ts",
  ]);
  // A module with a line of its own is no barrel: all of it counts.
  const own = {
    ...tree,
    "mod.ts": `${tree["mod.ts"]}\nconsole.log("loaded");`,
    "main.ts": `import { one } from "./mod.ts";`,
  };
  assert.deepEqual(sourcesOf(own, "main.ts"), [...everything, "main.ts", "mod.ts"].sort());
});

Deno.test("assets count where a module names them by URL, and workers with all that they import", () => {
  const tree = {
    "main.ts": `import data from "./data.json" with { type: "json" };
      const wasm = (simd: string) => new URL(\`./bin/kernels-\${simd}.wasm\`, import.meta.url);
    const worker = new Worker(new URL("./worker.ts", import.meta.url));
      const here = new URL("./", import.meta.url);`,
    "worker.ts": `import { job } from "./job.ts"; job();`,
    "job.ts": "export const job = 1;",
    "data.json": "{}",
    "bin/kernels-a.wasm": "a",
    "bin/kernels-b.wasm": "b",
    "bin/other.wasm": "c",
  };
  assert.deepEqual(sourcesOf(tree, "main.ts"), [
    "bin/kernels-a.wasm",
    "bin/kernels-b.wasm",
    "data.json",
    "job.ts",
    "main.ts",
    "worker.ts",
  ]);
});

Deno.test("the version changes with any source's text and name, and with a package's version", () => {
  const tree = {
    "main.ts": `import { z } from "zod"; import "node:path"; import "./a.ts";`,
    "a.ts": "let a;",
    "b.ts": "let b;",
  };
  const { version, sources } = codeOfTree(tree, "main.ts");
  assert.match(sources["zod"]!, /^npm:zod@\d/);
  assert.equal(codeOfTree({ ...tree, "b.ts": "let c;" }, "main.ts").version, version, "what is not imported");
  assert.equal(codeOfTree(tree, "main.ts", "main.ts").version, version);
  const others = [
    codeOfTree({ ...tree, "a.ts": "let a; // a comment" }, "main.ts"),
    codeOfTree({ ...tree, "main.ts": tree["main.ts"].replace("zod", "hono") }, "main.ts"),
    codeOfTree({ "x.ts": tree["main.ts"], "a.ts": "let a;" }, "x.ts"),
    codeOfTree(tree, "main.ts", "b.ts"),
  ].map(({ version }) => version);
  assert.equal(new Set([version, ...others]).size, 5);
});

Deno.test("a source that cannot be read is named, with the module that needs it", () => {
  const says = (files: Record<string, string>, message: RegExp) =>
    assert.throws(() => sourcesOf(files, "main.ts"), message);
  says({}, /main\.ts.*cannot be read: no such file/);
  says({ "main.ts": `import "./gone.ts";` }, /^MissingSource|\/tree\/main\.ts needs \/tree\/gone\.ts/);
  says({ "main.ts": "new URL(`./x-${y}.wasm`, import.meta.url)" }, /x-\*\.wasm.*no file fits/);
  assert.throws(
    () =>
      codeOfTree({}).sources && codeReader({
        read: () => new Uint8Array(),
        list: () => [],
      }, "/")([{ url: "data:text/javascript," }]),
    /must be defined in a file/,
  );
});

/** Reads the code of modules of this repository, with some files edited. */
function codeWith(...edits: string[]) {
  const edited = new Set(edits.map((path) => join(repositoryRoot, path)));
  const read = codeReader({
    read(path) {
      const bytes = Deno.readFileSync(path);
      if (!edited.has(path)) return bytes;
      const more = new TextEncoder().encode("\n// An edit.\n");
      const both = new Uint8Array(bytes.length + more.length);
      both.set(bytes);
      both.set(more, bytes.length);
      return both;
    },
    list: (folder) => [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile).map(({ name }) => name),
  }, repositoryRoot);
  return (modules: readonly string[]) => read(modules.map((path) => ({ url: `file://${join(repositoryRoot, path)}` })));
}

const CELLS = {
  data: ["lib/bts/tokenize.ts"],
  seed: ["lib/bts/decoders.ts"],
  stitch: ["lib/bts/stitches.ts"],
  evaluate: ["lib/bts/measure-baselines.ts"],
  "evaluate:bts": ["lib/bts/measure-stitched.ts"],
  report: ["experiments/bts.ts"],
  "evaluate:bam": ["lib/bts/measure.ts", "experiments/baselines/measure.ts", "lib/baselines/bam/method.ts"],
  calm: ["experiments/baselines/train.ts", "lib/baselines/calm/method.ts"],
  arm: ["experiments/instability/train-seeds.ts"],
  "report of arms": ["experiments/instability.ts"],
} as const;
type Cell = keyof typeof CELLS;

Deno.test("an edit of a file concerns the cells that it decides, and no others", () => {
  const before = codeWith();
  const cases: readonly (readonly [path: string, concerned: readonly Cell[]])[] = [
    // Tables: the cells that log them, and never a training cell that does not.
    ["lib/bts/data-table.ts", ["data", "report"]],
    ["lib/bts/gates-table.ts", ["evaluate:bts", "report"]],
    ["lib/bts/tables.ts", ["report"]],
    ["experiments/instability/tables.ts", ["report of arms"]],
    ["experiments/instability/ratios-table.ts", ["arm", "report of arms"]],
    // Pages, reports, commands, settings' descriptions and other methods concern no training.
    ["lib/serve/mod.ts", []],
    ["lib/serve/client/run/page.tsx", []],
    ["lib/report/report.ts", []],
    ["lib/cli/mod.ts", []],
    ["lib/experiment/driver.ts", []],
    ["experiments/baselines/train.ts", ["report", "calm"]],
    // A built method concerns its own cells only, and the report of all.
    ["lib/baselines/calm/model.ts", ["report", "calm"]],
    ["lib/baselines/registry.ts", ["report"]],
    ["lib/bts/config.ts", ["report"]],
    ["lib/run/events/events.ts", []],
    ["lib/baselines/mixture/model.ts", ["report", "evaluate:bam"]],
    ["lib/run/paired/intervals.ts", ["evaluate", "evaluate:bts", "report", "evaluate:bam"]],
    // What does concern it.
    ["lib/train/loop.ts", ["seed", "stitch", "report", "calm", "arm", "report of arms"]],
    ["lib/stitch/layer.ts", ["stitch", "evaluate:bts", "report"]],
    ["lib/data/tokenizer/train.ts", ["data", "report", "report of arms"]],
    ["lib/data/batches/batch.ts", [
      "seed",
      "stitch",
      "evaluate",
      "evaluate:bts",
      "report",
      "evaluate:bam",
      "calm",
      "arm",
      "report of arms",
    ]],
  ];
  for (const [path, concerned] of cases) {
    const after = codeWith(path);
    const changed = Object.entries(CELLS).filter(([, module]) => after(module).version !== before(module).version);
    assert.deepEqual(changed.map(([cell]) => cell), concerned, path);
  }
});

Deno.test("the device's code counts: workers, WebAssembly, native kernels and shaders", () => {
  const { sources } = codeWith()(["lib/tensor/device.ts"]);
  for (
    const path of [
      "lib/tensor/cpu/machine/worker.ts",
      "lib/tensor/cpu/wasm/kernels-relaxed.wasm",
      "lib/tensor/cpu/wasm/kernels-simd.wasm",
      "lib/tensor/cpu/x86/kernels-x86_64.so",
      "lib/tensor/webgpu/attention-gradients.ts",
    ]
  ) assert.ok(Object.hasOwn(sources, path), path);
});

// ----------------------------------------------------------------------------------------------------------------
// The lexer against TypeScript's parser
// ----------------------------------------------------------------------------------------------------------------

/** What TypeScript says that a module imports: specifier and names, types left out. */
function importsByTypeScript(source: ts.SourceFile): string[] {
  const found: string[] = [];
  const text = (node: ts.Node) => (node as ts.StringLiteral).text;
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && node.attributes === undefined) {
      const { importClause: clause } = node;
      const named = clause?.namedBindings;
      if (clause?.isTypeOnly) return;
      if (clause === undefined || clause.name !== undefined || (named !== undefined && ts.isNamespaceImport(named))) {
        found.push(`${text(node.moduleSpecifier)} all`);
      } else {
        const names = (named as ts.NamedImports).elements.filter(({ isTypeOnly }) => !isTypeOnly)
          .map(({ name, propertyName }) => (propertyName ?? name).text);
        if (names.length > 0) found.push(`${text(node.moduleSpecifier)} ${names.sort().join(",")}`);
      }
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      if (ts.isStringLiteralLike(node.arguments[0]!)) found.push(`${text(node.arguments[0]!)} all`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found.sort();
}

/** What TypeScript says that a module exports of others: specifier, name there, name here. */
function reexportsByTypeScript(source: ts.SourceFile): string[] {
  const imported = new Map<string, string>();
  return source.statements.flatMap((node): string[] => {
    if (ts.isImportDeclaration(node)) {
      const named = node.importClause?.namedBindings;
      for (const { name, propertyName } of named !== undefined && ts.isNamedImports(named) ? named.elements : []) {
        imported.set(name.text, `${(node.moduleSpecifier as ts.StringLiteral).text} ${(propertyName ?? name).text}`);
      }
    }
    if (!ts.isExportDeclaration(node) || node.isTypeOnly) return [];
    const { exportClause: clause } = node;
    if (node.moduleSpecifier === undefined) {
      return (clause as ts.NamedExports).elements.flatMap(({ name, propertyName }) => {
        const from = imported.get((propertyName ?? name).text);
        return from === undefined ? [] : [`${from} ${name.text}`];
      });
    }
    const specifier = (node.moduleSpecifier as ts.StringLiteral).text;
    if (clause === undefined) return [`${specifier} *`];
    if (ts.isNamespaceExport(clause)) return [`${specifier} ${clause.name.text}`];
    return clause.elements.filter(({ isTypeOnly }) => !isTypeOnly)
      .map(({ name, propertyName }) => `${specifier} ${(propertyName ?? name).text} ${name.text}`);
  }).sort();
}

const reexports = ({ reexports, stars }: ModuleFacts) =>
  [
    ...[...reexports].map(([exported, { specifier, name }]) => [specifier, name, exported].filter(Boolean).join(" ")),
    ...stars.map((specifier) => `${specifier} *`),
  ].sort();

Deno.test("`moduleFacts()` reads every module of the repository as TypeScript's own parser does", async () => {
  let barrels = 0;
  for (const room of ["lib", "experiments"]) {
    for (const path of await filesBelow(join(repositoryRoot, room))) {
      if (!path.endsWith(".ts") || path.includes("wasm/source/")) continue;
      const text = await Deno.readTextFile(join(repositoryRoot, room, path));
      const facts = moduleFacts(text, path);
      const parsed = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
      const imports = facts.imports.map(({ specifier, names }) =>
        `${specifier} ${names === "all" ? names : names.toSorted().join(",")}`
      );
      assert.deepEqual(imports.sort(), importsByTypeScript(parsed), path);
      assert.deepEqual(reexports(facts), reexportsByTypeScript(parsed), path);
      const isBarrel = parsed.statements.every((node) =>
        ts.isImportDeclaration(node) || (ts.isExportDeclaration(node)) || ts.isInterfaceDeclaration(node) ||
        ts.isTypeAliasDeclaration(node)
      );
      assert.ok(isBarrel || !facts.barrel, `${path} has statements of its own`);
      if (facts.barrel) barrels++;
    }
  }
  assert.ok(barrels > 15, "the rooms' mod.ts files are barrels");
});
