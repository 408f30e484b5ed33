// The folders of lib/run import from one another in the order that lib/run/mod.ts gives, and never the other way.
import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path/posix";
import ts from "typescript";
import { repositoryRoot } from "../../lib/run/files/repository.ts";
import { filesBelow } from "../../lib/run/files/files.ts";

Deno.test("each folder of lib/run imports only from those above it in the list of lib/run/mod.ts", async () => {
  const room = join(repositoryRoot, "lib", "run");
  const list = (await Deno.readTextFile(join(room, "mod.ts"))).matchAll(/^\/\/ {3}([a-z-]+) {2,}\S/gm);
  const order = [...list].map(([, folder]) => folder!);
  const files = (await filesBelow(room)).filter((path) =>
    path.endsWith(".ts") && path !== "mod.ts" && path !== "inferred-types.ts"
  );
  assert.deepEqual([...new Set(files.map((path) => dirname(path)))].sort(), [...order].sort());
  const wrong: string[] = [];
  for (const path of files) {
    const { importedFiles } = ts.preProcessFile(await Deno.readTextFile(join(room, path)), true, true);
    for (const { fileName } of importedFiles) {
      const target = relative(room, join(room, dirname(path), fileName));
      if (!fileName.startsWith(".") || target.startsWith("..")) continue;
      if (order.indexOf(dirname(target)) > order.indexOf(dirname(path))) wrong.push(`${path} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});
