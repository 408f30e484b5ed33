// Output folders of a merge: checked before the work, links followed, nothing left behind.
import assert from "node:assert/strict";
import { repositoryRoot } from "../../lib/run/files/repository.ts";
import { loadModelFolder } from "../../lib/huggingface/mod.ts";
import { mergeFolders } from "../../lib/merge/mod.ts";
import { namesIn, refuses, request, withModels } from "./model-folders.ts";

const FILES = [
  "config.json",
  "generation_config.json",
  "merge.json",
  "model.safetensors",
  "special_tokens_map.json",
  "tokenizer.json",
  "tokenizer_config.json",
];

Deno.test("`mergeFolders()` fills an empty folder, also through links", async () => {
  await withModels(async (folder) => {
    await Deno.mkdir(`${folder}/real`);
    await Deno.symlink("real", `${folder}/link`);
    await Deno.symlink(`${folder}/link`, `${folder}/chain`);
    await mergeFolders(request(folder, { out: `${folder}/chain/` }));
    assert.ok(Deno.lstatSync(`${folder}/link`).isSymlink && Deno.lstatSync(`${folder}/chain`).isSymlink);
    assert.deepEqual(namesIn(`${folder}/real`), FILES);
    await Deno.mkdir(`${folder}/empty`, { mode: 0o700 });
    const { ino } = await Deno.stat(`${folder}/empty`);
    await mergeFolders(request(folder, { out: `${folder}/./empty/../empty` }));
    const after = await Deno.stat(`${folder}/empty`);
    // The folder itself, because a shell may be inside.
    assert.deepEqual([after.ino, after.mode! & 0o777], [ino, 0o700]);
    assert.deepEqual(namesIn(`${folder}/empty`), FILES);
    await loadModelFolder(`${folder}/empty`);
  });
});

Deno.test("`deno task merge -o .` fills the current folder", async () => {
  await withModels(async (folder) => {
    await Deno.mkdir(`${folder}/here`);
    const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-sys"];
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", ...permissions, `${repositoryRoot}/main.ts`, "merge", "-m", "linear", "../a", "../b", "-o", "."],
      cwd: `${folder}/here`,
      stdin: "null",
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.deepEqual(namesIn(`${folder}/here`), FILES);
  });
});

Deno.test("`mergeFolders()` accepts names as long as the file system does, and creates parent folders", async () => {
  await withModels(async (folder) => {
    for (const out of [`${folder}/${"n".repeat(255)}`, `${folder}/one/two/three//`, `${folder}/ü\n"x"`]) {
      await mergeFolders(request(folder, { out }));
      assert.deepEqual(namesIn(out), FILES);
    }
    assert.deepEqual(namesIn(`${folder}/one/two`), ["three"]);
  });
});

Deno.test("`mergeFolders()` refuses bad output folders before it reads a weight, and leaves nothing", async () => {
  await withModels(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    await Deno.symlink("nowhere", `${folder}/dangling`);
    await Deno.symlink("loop", `${folder}/loop`);
    await Deno.symlink("a", `${folder}/link`);
    const before = namesIn(folder);
    const cases: [out: string, ...says: string[]][] = [
      ["", "empty"],
      [`${folder}/file`, "is a file"],
      [`${folder}/file/x`, "file/x"],
      [`${folder}/a`, "not empty"],
      [`${folder}/link`, "link", "not empty"],
      [`${folder}/dangling`, 'a link to "nowhere"', "does not exist"],
      [`${folder}/loop`, "loop"],
      [`${folder}/${"n".repeat(256)}`, "too long"],
      [`${folder}/${"ü".repeat(128)}`, "too long"],
      [`${folder}/new/${"n".repeat(256)}`, "256 bytes", "255"],
      [`${folder}/${"n".repeat(256)}/x`, "too long"],
      [`${folder}/${"long/".repeat(1000)}x`, "too long"],
    ];
    for (const [out, ...says] of cases) {
      const onTensor = () => assert.fail("a weight was read");
      await assert.rejects(mergeFolders(request(folder, { out, onTensor })), refuses("merge.out", ...says));
      assert.deepEqual(namesIn(folder), before);
    }
  });
});

Deno.test("`mergeFolders()` that fails midway removes everything it created, including parents, and nothing else", async () => {
  await withModels(async (folder) => {
    await Deno.mkdir(`${folder}/there`);
    await Deno.mkdir(`${folder}/empty`);
    await Deno.symlink("empty", `${folder}/link`);
    for (const out of ["there/new/er", "empty", "link"]) {
      const controller = new AbortController();
      const onTensor = () => controller.abort(new Error("stop"));
      const stopped = mergeFolders(request(folder, { out: `${folder}/${out}`, onTensor, signal: controller.signal }));
      await assert.rejects(stopped, /stop/);
      assert.deepEqual(namesIn(folder), ["a", "b", "empty", "link", "seed", "there"]);
      assert.deepEqual([...namesIn(`${folder}/there`), ...namesIn(`${folder}/empty`)], []);
    }
  });
});

Deno.test("`mergeFolders()` never overwrites files that appear in the folder meanwhile", async () => {
  await withModels(async (folder) => {
    await Deno.mkdir(`${folder}/empty`);
    const onTensor = () => Deno.writeTextFileSync(`${folder}/empty/config.json`, "mine");
    const filled = mergeFolders(request(folder, { out: `${folder}/empty`, onTensor }));
    await assert.rejects(filled, refuses("merge.out", "no longer empty"));
    assert.deepEqual(namesIn(`${folder}/empty`), ["config.json"]);
    assert.equal(await Deno.readTextFile(`${folder}/empty/config.json`), "mine");
  });
});
