// `deno task init`: what it writes, and what it refuses. tests/library uses a folder that it has set up.
import assert from "node:assert/strict";
import { join } from "node:path";
import project from "../../deno.json" with { type: "json" };
import { initCommand } from "../../lib/cli/init.ts";
import { UserError } from "../../lib/errors.ts";
import { repositoryRoot } from "../../lib/run/mod.ts";
import { withFolder } from "../run/fixtures.ts";

async function init(...args: string[]): Promise<string> {
  const lines: string[] = [];
  await initCommand(args, (text) => lines.push(text));
  return lines.join("\n");
}

/** All files below a folder with their text. */
function filesOf(folder: string): Record<string, string> {
  return Object.fromEntries(
    [...Deno.readDirSync(folder)].map(({ name }) => [name, Deno.readTextFileSync(join(folder, name))]),
  );
}

Deno.test("`init` writes a deno.json with the versions of this repository, its lock file and an example", () =>
  withFolder(async (folder) => {
    const place = join(folder, "new", "lab");
    assert.match(await init(place), /lab is ready/);
    const files = filesOf(place);
    assert.deepEqual(Object.keys(files).sort(), ["deno.json", "deno.lock", "example.ts"]);
    assert.equal(files["deno.lock"], await Deno.readTextFile(join(repositoryRoot, "deno.lock")));
    const { imports, tasks, compilerOptions } = JSON.parse(files["deno.json"]!);
    assert.equal(imports["@tensorflow/tfjs"], project.imports["@tensorflow/tfjs"]);
    assert.equal(imports["stitchbook"], imports[project.name]);
    assert.deepEqual(compilerOptions, project.compilerOptions);
    for (const name of ["bts", "run", "ls", "show", "serve"]) assert.ok(tasks[name].startsWith("deno run "), name);
    for (const name of ["init", "test", "check", "results", "bench"]) assert.ok(!(name in tasks), name);
  }));

Deno.test("`init` keeps every file that is there, and writes nothing beside a configuration", () =>
  withFolder(async (folder) => {
    const refused = async (place: string, message: RegExp) => {
      await assert.rejects(init(place), (error) => {
        assert.ok(error instanceof UserError, String(error));
        assert.match(error.message, message);
        return true;
      });
    };
    await Deno.writeTextFile(join(folder, "example.ts"), "// mine\n");
    assert.match(await init(folder), /Kept as they were: example\.ts$/);
    const before = filesOf(folder);
    assert.equal(before["example.ts"], "// mine\n");
    await refused(folder, /deno\.json already uses this copy of Stitchbook$/);
    assert.deepEqual(filesOf(folder), before);

    const other = join(folder, "other");
    await Deno.mkdir(other);
    for (const name of ["deno.json", "deno.jsonc"]) {
      await Deno.writeTextFile(join(other, name), "{}");
      await refused(other, new RegExp(`${RegExp.escape(name)} already exists and is not overwritten$`));
      assert.deepEqual(filesOf(other), { [name]: "{}" });
      await Deno.remove(join(other, name));
    }
    await refused(join(folder, "example.ts"), /Cannot set up .*example\.ts: it is a file, not a folder$/);
    await refused(join(folder, "example.ts", "lab"), /part of the path is a file, not a folder$/);
    await assert.rejects(init(), { code: "command.missing-argument" });
  }));
