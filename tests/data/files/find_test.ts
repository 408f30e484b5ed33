// Finding files: everything that a setting names is found, or reported as unreadable.
import assert from "node:assert/strict";
import { findFiles } from "../../../lib/data/files/find.ts";
import { refuses, withFiles } from "./helpers.ts";

const find = (pattern: string, skipBad = false) => findFiles(pattern, "data.math", { skipBad });

Deno.test("`findFiles()` refuses a missing file, a folder, and a glob without a match, and names the setting", () =>
  withFiles({ "sub/a.ts": "a" }, async (folder) => {
    await refuses(() => find(`${folder}/no.txt`), "data.missing-file", /^data\.math is ".*no\.txt"/);
    await refuses(() => find(`${folder}/sub/a.ts/b.txt`), "data.missing-file", /no such file/);
    await refuses(() => find(`${folder}/*.txt`), "data.no-match", /no file matches/, /quotation/);
    await refuses(() => find(folder), "data.is-folder", /the folder/, /\*\*\/\*\.txt/);
    assert.deepEqual(find(`${folder}/**/*.ts`).files, [`${folder}/sub/a.ts`]);
  }));

Deno.test("`findFiles()` takes existing names with glob syntax literally, also those of leading folders", () =>
  withFiles({
    "a[1].txt": "x",
    "a1.txt": "y",
    "[2024]/b.txt": "z",
    "[2024]/{x,y}/c.txt": "z",
    "2/b.txt": "no",
  }, (folder) => {
    assert.deepEqual(find(`${folder}/a[1].txt`).files, [`${folder}/a[1].txt`]);
    assert.deepEqual(find(`${folder}/[2024]/*.txt`).files, [`${folder}/[2024]/b.txt`]);
    assert.deepEqual(find(`${folder}/[2024]/{x,y}/*.txt`).files, [`${folder}/[2024]/{x,y}/c.txt`]);
    assert.deepEqual(find(`${folder}/[2024]/**/*.txt`).files, [
      `${folder}/[2024]/b.txt`,
      `${folder}/[2024]/{x,y}/c.txt`,
    ]);
  }));

Deno.test("`findFiles()` expands all glob syntax", () =>
  withFiles({
    "a.txt": "",
    "b.txt": "",
    "c.ts.gz": "",
    "d/a.txt": "",
    "d/e/a.txt": "",
    ".hidden.txt": "",
    ".git/a.txt": "",
    "日本/文.txt": "",
  }, (folder) => {
    const names = (pattern: string) => find(`${folder}/${pattern}`).files.map((path) => path.slice(folder.length + 1));
    assert.deepEqual(names("*.txt"), ["a.txt", "b.txt"]);
    assert.deepEqual(names("?.txt"), ["a.txt", "b.txt"]);
    assert.deepEqual(names("[!a].txt"), ["b.txt"]);
    assert.deepEqual(names("*.{txt,ts.gz}"), ["a.txt", "b.txt", "c.ts.gz"]);
    assert.deepEqual(names("**/a.txt"), ["a.txt", "d/a.txt", "d/e/a.txt"]);
    assert.deepEqual(names("*/*.txt"), ["d/a.txt", "日本/文.txt"]);
    assert.deepEqual(names("d/**/*.txt"), ["d/a.txt", "d/e/a.txt"]);
    assert.deepEqual(names("{d/e,d}/a.txt"), ["d/a.txt", "d/e/a.txt"]);
    assert.deepEqual(names(".*.txt"), [".hidden.txt"]);
    assert.deepEqual(names(".git/*"), [".git/a.txt"]);
    assert.deepEqual(names(`{${"x".repeat(300)},a}.txt`), ["a.txt"]); // too long for a name, but a glob
    const here = Deno.cwd();
    Deno.chdir(folder);
    try {
      assert.deepEqual(find("d/*.txt").files, ["d/a.txt"]);
      assert.deepEqual(find("*.txt").files, ["a.txt", "b.txt"]);
    } finally {
      Deno.chdir(here);
    }
  }));

Deno.test("`findFiles()` refuses a link to itself, and walks a folder that links to its parent once", () =>
  withFiles({ "sub/a.txt": "a" }, async (folder) => {
    await Deno.symlink(`${folder}/self.md`, `${folder}/self.md`);
    await Deno.symlink(folder, `${folder}/sub/up`);
    await refuses(() => find(`${folder}/self.md`), "data.link-loop", /self\.md, a symbolic link/);
    await refuses(() => find(`${folder}/*.md`), "data.link-loop", /self\.md/);
    assert.deepEqual(find(`${folder}/**/*.txt`).files, [`${folder}/sub/a.txt`]);
    // A link that the pattern names is followed.
    assert.deepEqual(find(`${folder}/sub/u*/sub/*.txt`).files, [`${folder}/sub/up/sub/a.txt`]);
  }));

Deno.test("`findFiles()` refuses a dangling link, by path and in a glob, unless it may be skipped", () =>
  withFiles({ "a.jsonl": "{}" }, async (folder) => {
    await Deno.symlink("nowhere", `${folder}/b.jsonl`);
    const dangling = /b\.jsonl, a symbolic link to nowhere, which does not exist/;
    await refuses(() => find(`${folder}/b.jsonl`), "data.dangling-link", dangling);
    await refuses(() => find(`${folder}/*.jsonl`), "data.dangling-link", dangling, /skipBad/);
    await refuses(() => find(`${folder}/**/*.jsonl`), "data.dangling-link", dangling);
    const { files, skipped } = find(`${folder}/*.jsonl`, true);
    assert.deepEqual(files, [`${folder}/a.jsonl`]);
    assert.match(skipped[0]!.message, dangling);
    await refuses(() => find(`${folder}/b*.jsonl`, true), "data.dangling-link", dangling); // nothing else is there
  }));

Deno.test("`findFiles()` reports that a device or a pipe is not a plain file", async () => {
  await refuses(() => find("/dev/null"), "data.not-plain", /\/dev\/null, which is not a plain file but a device/);
  await refuses(() => find("/dev/fd/631"), "data.not-plain", /but a pipe/);
  await withFiles({ "a.txt": "a" }, async (folder) => {
    const made = await new Deno.Command("mkfifo", { args: [`${folder}/pipe.txt`] }).output();
    assert.ok(made.success);
    await refuses(() => find(`${folder}/pipe.txt`), "data.not-plain", /pipe\.txt, which is not a plain file/);
    await refuses(() => find(`${folder}/*.txt`), "data.not-plain", /pipe\.txt/);
    assert.deepEqual(find(`${folder}/*.txt`, true).files, [`${folder}/a.txt`]);
  });
});

Deno.test("`findFiles()` gives the system's reason for any other error", async () => {
  await refuses(() => find(`/tmp/${"x".repeat(300)}.txt`), "data.unreadable", /cannot be read: File name too long/);
  await refuses(() => find("a\0b.txt"), "data.unreadable", /NUL/);
});

Deno.test("`findFiles()` reports files and folders without permission instead of skipping them", () =>
  withFiles({ "open.txt": "a", "locked/b.txt": "b" }, async (folder) => {
    await Deno.chmod(folder, 0o755);
    await Deno.chmod(`${folder}/locked`, 0o000);
    try {
      for (
        const [pattern, where] of [
          [`${folder}/locked/b.txt`, "b.txt"],
          [`${folder}/locked/*.txt`, "locked/"],
          [`${folder}/**/*.txt`, "locked/"],
        ] as const
      ) {
        const { code, message } = await asNobody(pattern);
        assert.equal(code, "data.permission", message);
        assert.ok(message.includes(`${where}, but permission to read it is denied`), message);
      }
      assert.deepEqual((await asNobody(`${folder}/*.txt`)).files, [`${folder}/open.txt`]);
    } finally {
      await Deno.chmod(`${folder}/locked`, 0o755);
    }
  }));

/**
 * The result of `findFiles()` for a user without root's privileges: the current one, or `nobody`. A process of root's
 * gives its privileges up after loading the module, because `nobody` may not be allowed to run Deno or read the checkout.
 */
async function asNobody(pattern: string): Promise<{ files?: string[]; code: string; message: string }> {
  const module = new URL("../../../lib/data/files/find.ts", import.meta.url).href;
  const become = Deno.uid() === 0 ? "process.setgid(65534); process.setuid(65534);" : "";
  const script = `import process from "node:process";
    const { findFiles } = await import(${JSON.stringify(module)});
    ${become}
    try { console.log(JSON.stringify(findFiles(${JSON.stringify(pattern)}, "data.math"))); }
    catch ({ code, message }) { console.log(JSON.stringify({ code, message })); }`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args: ["eval", script] }).output();
  const text = new TextDecoder().decode(stdout);
  assert.notEqual(text, "", new TextDecoder().decode(stderr));
  return JSON.parse(text);
}
