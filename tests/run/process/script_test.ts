// Finding scripts by current and old paths and by name, and reporting a missing one.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../../lib/errors.ts";
import { currentExperiment, findScript, pathInRepository } from "../../../lib/run/process/script.ts";
import { repositoryRoot } from "../../../lib/run/files/repository.ts";
import { withFolder } from "../fixtures.ts";

const STUDIES = "crosslingual experts gates hub modularity stitch-count stitch-kinds".split(" ");

Deno.test("`findScript()` finds moved scripts under their old paths, absolute and relative, and by name", async () => {
  const moved = [...STUDIES.map((name) => [name, name]), ["initialisation", "initialization"]] as const;
  for (const [before, now] of moved) {
    const path = join(repositoryRoot, "experiments", "studies", `${now}.ts`);
    for (const script of [`experiments/${before}.ts`, join(repositoryRoot, "experiments", `${before}.ts`)]) {
      assert.equal(await findScript(script, repositoryRoot), path);
      // Wherever the command is repeated.
      assert.equal(await findScript(script, "/"), path);
    }
    assert.equal(await findScript(now!, "/"), path);
    assert.equal(currentExperiment(before!), now);
  }
  for (const name of ["bts", "initialization", "toString"]) assert.equal(currentExperiment(name), name);
  assert.equal(await findScript("bts", "/"), join(repositoryRoot, "experiments", "bts.ts"));
});

Deno.test("`findScript()` prefers an existing file to a moved one", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(join(folder, "experiments"));
    const own = join(folder, "experiments", "hub.ts");
    await Deno.writeTextFile(own, "");
    assert.equal(await findScript("experiments/hub.ts", folder), own);
    assert.equal(pathInRepository(own), own);
    assert.equal(pathInRepository(join(repositoryRoot, "main.ts")), "main.ts");
  }));

Deno.test("`findScript()` reports a missing script, and the most similar one", async () => {
  for (
    const [script, text] of [
      ["experiments/bst.ts", /There is no script experiments\/bst\.ts \| did you mean experiments\/bts\.ts\?/],
      ["experiments/stitch-cont.ts", /There is no script .* \| did you mean experiments\/studies\/stitch-count\.ts\?/],
      ["experiments/studies", /experiments\/studies is a folder/],
      ["hasOwnProperty", /There is no script hasOwnProperty/],
      ["", /is a folder|no script/],
    ] as const
  ) {
    await assert.rejects(findScript(script, repositoryRoot), (error) => {
      assert(error instanceof UserError && error.code === "run.script", String(error));
      assert.match(`${error.message} | ${error.hint}`, text);
      return true;
    });
  }
});
