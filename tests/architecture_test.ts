// The structure that docs/architecture.md describes: rooms, their faces, the direction of imports, and no cycles.
import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path/posix";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("../", import.meta.url));
const SOURCES = ["lib", "experiments", "bench", "tests", "main.ts", "mod.ts"];
/** Compiled by AssemblyScript, whose imports have no extension. */
const WASM_SOURCE = "lib/tensor/cpu/wasm/source";

/** All imports of relative paths, by file: static, dynamic, type-only, re-exports, and workers' entry modules. */
const graph = new Map<string, readonly string[]>();
for (const source of SOURCES) for (const file of sourceFiles(source)) graph.set(file, importsOf(file));
const rooms = new Set([...graph.keys()].filter((file) => /^lib\/[^/]+\/mod\.ts$/.test(file)).map(dirname));

Deno.test("there is no cycle of imports between files", () => {
  assert.deepEqual(cycles(graph), []);
});

Deno.test("other rooms are imported through their mod.ts only", () => {
  const wrong: string[] = [];
  for (const [file, imports] of graph) {
    // A test may import the files that it tests.
    if (file.endsWith("_test.ts")) continue;
    for (const imported of imports) {
      const room = topRoom(imported);
      if (!room.startsWith("lib/") || room.endsWith(".ts") || within(file, room)) continue;
      // What lies beside the tests of a room belongs to the room.
      if (within(file.replace(/^tests\//, "lib/"), room)) continue;
      if (!imported.endsWith("/mod.ts")) wrong.push(`${file} imports ${imported}, past ${room}/mod.ts`);
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("rooms import only rooms that docs/architecture.md allows them", async () => {
  const allowed = await documentedRooms();
  const used = new Map<string, Set<string>>([...allowed.keys()].map((room) => [room, new Set()]));
  const wrong: string[] = [];
  for (const [file, imports] of graph) {
    const room = topRoom(file);
    for (const imported of imports) {
      const target = topRoom(imported);
      if (target === room) continue;
      if (room.endsWith(".ts") && room.startsWith("lib/")) {
        wrong.push(`${file} imports ${imported}: single files import nothing`);
        continue;
      }
      if (!file.startsWith("lib/")) continue;
      if (!target.startsWith("lib/")) wrong.push(`${file} imports ${imported}, which is outside lib/`);
      if (target.endsWith(".ts")) continue;
      if (!allowed.has(room)) wrong.push(`${room} is not in the table`);
      if (!allowed.get(room)?.has(target)) wrong.push(`${file} imports ${target}, which ${room} may not`);
      used.get(room)?.add(target);
    }
  }
  for (const [room, targets] of allowed) {
    for (const target of targets) if (!used.get(room)!.has(target)) wrong.push(`${room} does not import ${target}`);
  }
  assert.deepEqual([...new Set(wrong)], []);
});

Deno.test("the table of rooms in docs/architecture.md goes one way", async () => {
  const rooms = await documentedRooms();
  assert.deepEqual(cycles(new Map([...rooms].map(([room, targets]) => [room, [...targets]]))), []);
  const order = [...rooms.keys()];
  for (const [room, targets] of rooms) {
    for (const target of targets) {
      assert.ok(order.indexOf(target) < order.indexOf(room), `${target} must stand above ${room} in the table`);
    }
  }
});

Deno.test("subfolders of a room import one way", () => {
  for (const room of rooms) {
    const folders = new Map<string, Set<string>>();
    for (const [file, imports] of graph) {
      const from = subfolder(file, room);
      if (from === undefined) continue;
      const targets = folders.get(from) ?? new Set();
      folders.set(from, targets);
      for (const imported of imports) {
        const to = subfolder(imported, room);
        if (to !== undefined && to !== from) targets.add(to);
      }
    }
    assert.deepEqual(cycles(new Map([...folders].map(([name, targets]) => [name, [...targets]]))), [], room);
  }
});

Deno.test("every room of lib has a mod.ts and is in the table", async () => {
  const folders = new Set(
    [...graph.keys()].map(topRoom).filter((room) => room.startsWith("lib/") && !room.endsWith(".ts")),
  );
  assert.deepEqual([...folders].sort(), [...rooms].sort());
  assert.deepEqual([...(await documentedRooms()).keys()].sort(), [...rooms].sort());
});

Deno.test("test files are named like files, with _test.ts", () => {
  const strange = [...graph.keys()].filter((file) =>
    /^tests\/.*_test\.ts$/.test(file) && !/\/[a-z0-9-]+_test\.ts$/.test(file)
  );
  assert.deepEqual(strange, []);
});

Deno.test("tests that are in no test file are imported by one, so that they run", async () => {
  const reached = new Set([...graph.keys()].filter((file) => file.endsWith("_test.ts")));
  for (const file of reached) for (const imported of graph.get(file) ?? []) reached.add(imported);
  const left = [...graph.keys()].filter((file) => file.startsWith("tests/") && !reached.has(file));
  const texts = await Promise.all(left.map(async (file) => [file, await Deno.readTextFile(join(root, file))] as const));
  assert.deepEqual(texts.filter(([, text]) => /^(Deno\.test|optionalTest)\(/m.test(text)).map(([file]) => file), []);
});

/** The table in docs/architecture.md: each room with the rooms that it imports. */
async function documentedRooms(): Promise<Map<string, Set<string>>> {
  const text = await Deno.readTextFile(join(root, "docs/architecture.md"));
  const table = /<!-- rooms -->([^]*)<!-- \/rooms -->/.exec(text)?.[1] ?? "";
  const rows = [...table.matchAll(/^\|\s*`([^`]+)`\s*\|([^|]*)\|\s*$/gm)];
  assert.ok(rows.length > 10, "docs/architecture.md has a table of rooms");
  return new Map(
    rows.map(([, room, list]) => [`lib/${room}`, new Set(list!.match(/[\w-]+/g)?.map((name) => `lib/${name}`))]),
  );
}

/** `lib/run` for `lib/run/log/read.ts`, `lib/errors.ts` for itself, `experiments` and `main.ts` for what lies there. */
function topRoom(file: string): string {
  const parts = file.split("/");
  return parts[0] === "lib" ? parts.slice(0, 2).join("/") : parts[0]!;
}

function subfolder(file: string, room: string): string | undefined {
  if (!within(file, room)) return undefined;
  const parts = relative(room, file).split("/");
  return parts.length > 1 ? parts[0] : undefined;
}

function within(file: string, folder: string): boolean {
  return file === folder || file.startsWith(`${folder}/`);
}

function* sourceFiles(path: string): Generator<string> {
  if (path.startsWith(WASM_SOURCE)) return;
  if (/\.tsx?$/.test(path)) return yield path;
  for (const entry of Deno.readDirSync(join(root, path))) {
    if (entry.isDirectory || /\.tsx?$/.test(entry.name)) yield* sourceFiles(join(path, entry.name));
  }
}

function importsOf(file: string): string[] {
  const source = ts.createSourceFile(file, Deno.readTextFileSync(join(root, file)), ts.ScriptTarget.Latest);
  const found = new Set<string>();
  const add = (specifier: ts.Node | undefined) => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const { text } = specifier;
    if (/^\.\.?\/.*\.tsx?$/.test(text)) found.add(join(dirname(file), text));
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier);
    else if (ts.isImportTypeNode(node)) add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0]);
    else if (ts.isNewExpression(node) && node.expression.getText(source) === "URL") add(node.arguments?.[0]);
    ts.forEachChild(node, visit);
  };
  visit(source);
  found.delete(file);
  return [...found].filter((path) => graphHas(path));
}

function graphHas(path: string): boolean {
  try {
    return Deno.statSync(join(root, path)).isFile;
  } catch {
    return false;
  }
}

/** The strongly connected components of more than one node, each as text (Tarjan, 1972). */
function cycles(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[] = [];
  const visit = (node: string): void => {
    index.set(node, index.size);
    low.set(node, index.get(node)!);
    stack.push(node);
    for (const next of edges.get(node) ?? []) {
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node)!, low.get(next)!));
    }
    if (low.get(node) !== index.get(node)) return;
    const component = stack.splice(stack.indexOf(node));
    if (component.length > 1) found.push(component.sort().join(" <-> "));
  };
  for (const node of edges.keys()) if (!index.has(node)) visit(node);
  return found;
}
