// A run's provenance is recorded in a repository, outside one and without git, and never contains secrets.
import assert from "node:assert/strict";
import { join } from "node:path";
import { showCommand } from "../../../lib/cli/show.ts";
import { beginRun, captureProvenance, readProvenance } from "../../../lib/run/mod.ts";
import type { CaptureOptions } from "../../../lib/run/capture/capture.ts";
import { diffCommand } from "../../../lib/cli/diff.ts";
import { codeText, markedSettings } from "../../../lib/run/mod.ts";
import { emptyResults, options, withFolder } from "../fixtures.ts";

const plain: CaptureOptions = { sources: {}, configFile: undefined, device: null, variables: {} };

async function git(root: string, ...args: string[]): Promise<void> {
  const identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
  const { success, stderr } = await new Deno.Command("git", { args: ["-C", root, ...identity, ...args] }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

/** A repository with one commit: a script, a lock, a secret and a name with a space. */
async function repository(folder: string): Promise<string> {
  const root = join(folder, "repository");
  await Deno.mkdir(root);
  for (const [name, text] of [["run.ts", "1;\n"], ["deno.lock", "{}\n"], [".env", "A=1\n"], ["a b.ts", "1;\n"]]) {
    await Deno.writeTextFile(join(root, name!), text!);
  }
  await git(root, "init", "-q", "-b", "trunk");
  await git(root, "add", ".");
  await git(root, "commit", "-q", "-m", "one");
  return root;
}

const kept = async (folder: string) =>
  (await Array.fromAsync(Deno.readDir(join(folder, "captured")))).map((e) => e.name);

Deno.test("`captureProvenance()` in a clean repository records the commit and hashes, and copies nothing", () =>
  withFolder(async (folder) => {
    const root = await repository(folder);
    const { git, lock, scriptFile } = await captureProvenance(folder, { ...plain, root, script: join(root, "run.ts") });
    assert.match(git!.commit, /^[0-9a-f]{40}$/);
    assert.deepEqual([git!.branch, git!.changed, git!.diff.bytes, git!.diff.file], ["trunk", 0, 0, null]);
    assert.deepEqual([lock!.bytes, lock!.file, scriptFile], [3, null, null]);
    assert.deepEqual(await kept(folder), ["1.json"]);
  }));

Deno.test("`captureProvenance()` in a changed repository copies diff, lock file and script, and no file that may hold secrets", () =>
  withFolder(async (folder) => {
    const root = await repository(folder);
    await Deno.writeTextFile(join(root, "run.ts"), "2; // <script>\n");
    await Deno.writeTextFile(join(root, "deno.lock"), "{ }\n");
    await Deno.writeTextFile(join(root, ".env"), "A=hidden\n");
    await Deno.mkdir(join(root, "keys"));
    await Deno.writeTextFile(join(root, "keys", "server.PEM"), "hidden");
    await git(root, "add", "keys");
    await Deno.writeTextFile(join(root, "new.ts"), "3;\n");
    const captured = await captureProvenance(folder, { ...plain, root, script: join(root, "run.ts") });
    assert.deepEqual(captured.git!.changes, [
      " M .env",
      " M deno.lock",
      "A  keys/server.PEM",
      " M run.ts",
      "?? new.ts",
    ]);
    const diff = await Deno.readTextFile(join(folder, "captured", captured.git!.diff.file!));
    assert.match(diff, /^\+2; \/\/ <script>$/m);
    assert.doesNotMatch(diff, /hidden/);
    assert.equal(await Deno.readTextFile(join(folder, "captured", captured.lock!.file!)), "{ }\n");
    assert.equal(await Deno.readTextFile(join(folder, "captured", captured.scriptFile!)), "2; // <script>\n");
    // The next process that works on the run leaves the first one's account as it is.
    await captureProvenance(folder, { ...plain, root, script: join(root, "new.ts") });
    assert.deepEqual((await readProvenance(folder)).map(({ scriptFile }) => scriptFile), ["1-run.ts", "2-new.ts"]);
  }));

Deno.test("`captureProvenance()` records only the hash of a diff that is too large", () =>
  withFolder(async (folder) => {
    const root = await repository(folder);
    await Deno.writeTextFile(join(root, "run.ts"), "x\n".repeat(600_000));
    const { git, scriptFile } = await captureProvenance(folder, { ...plain, root, script: join(root, "run.ts") });
    assert.ok(git!.diff.bytes > 1 << 20);
    assert.deepEqual([git!.diff.file, scriptFile], [null, null]);
    assert.match(git!.diff.sha256, /^[0-9a-f]{64}$/);
  }));

Deno.test("`captureProvenance()` works without git and outside a repository, where it copies the script", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "alone.ts"), "4;\n");
    const { git, lock, scriptFile } = await captureProvenance(folder, {
      ...plain,
      root: folder,
      script: join(folder, "alone.ts"),
    });
    assert.deepEqual([git, lock, scriptFile], [null, null, "1-alone.ts"]);
    const gone = await captureProvenance(folder, { ...plain, root: folder, script: "data:text/javascript,1" });
    assert.equal(gone.scriptFile, null);
  }));

Deno.test("`captureProvenance()` records only listed variables, with bounded values, and none that may be secret", () =>
  withFolder(async (folder) => {
    const variables = {
      LANG: "C",
      OMP_NUM_THREADS: "2",
      STITCHBOOK_BLAS: "off",
      SLURM_JOB_ID: "7",
      STITCHBOOK_RUNS: "x".repeat(900),
      HOME: "/home/a",
      AWS_SECRET_ACCESS_KEY: "s",
      STITCHBOOK_WEBHOOK: "s",
      STITCHBOOK_HUB_TOKEN: "s",
      PATH: "s",
    };
    const { environment } = await captureProvenance(folder, { ...plain, root: folder, variables });
    assert.deepEqual(Object.keys(environment.variables), [
      "LANG",
      "OMP_NUM_THREADS",
      "SLURM_JOB_ID",
      "STITCHBOOK_BLAS",
      "STITCHBOOK_RUNS",
    ]);
    assert.equal(environment.variables.STITCHBOOK_RUNS!.length, 500);
    assert.ok(environment.cores >= 1 && environment.memory > 0 && environment.processor !== "");
  }));

Deno.test("`readProvenance()` leaves out damaged files", () =>
  withFolder(async (folder) => {
    assert.deepEqual(await readProvenance(folder), []);
    for (let i = 0; i < 3; i++) await captureProvenance(folder, { ...plain, root: folder });
    await Deno.writeTextFile(join(folder, "captured", "2.json"), "{");
    assert.equal((await readProvenance(folder)).length, 2);
  }));

Deno.test("`markedSettings()` marks every setting with its source", () => {
  const config = { train: { steps: 5, lr: 1 }, mix: { a: 1, b: 2 }, list: [1, 2], none: {}, same: null };
  const sources = { "train.steps": "preset", "train.lr": "set", mix: "file", "mix.b": "set" } as const;
  assert.deepEqual(markedSettings(config, sources).map(({ key, source }) => `${key} ${source}`), [
    "train.steps preset",
    "train.lr set",
    "mix.a file",
    "mix.b set",
    "list default",
    "none default",
    "same default",
  ]);
  assert.deepEqual(markedSettings({ mix: { a: 1, b: 2 } }, { mix: "set" }), [
    { key: "mix", value: { a: 1, b: 2 }, source: "set" },
  ]);
});

Deno.test("`show` prints changed settings, code and machine; `diff` compares them", () =>
  withFolder(async (folder) => {
    const root = await repository(folder);
    const runs: string[] = [];
    for (const [lr, variables] of [[1, {}], [2, { STITCHBOOK_BLAS: "off" }]] as const) {
      const run = await beginRun(options(folder, { config: { lr, steps: 3 } }));
      const sources = { lr: "set", steps: "preset" } as const;
      await captureProvenance(run.folder, { ...plain, sources, root, script: join(root, "run.ts"), variables });
      run.finish(emptyResults);
      runs.push(run.id);
      await Deno.writeTextFile(join(root, "run.ts"), "2;\n");
    }
    let text = "";
    const print = (piece: string) => text += piece;
    await showCommand([runs[1]!, "--runs", folder], print);
    assert.match(
      text,
      /^code: commit [0-9a-f]{10} on trunk, 1 file changed \(\d+ bytes of diff\) · .*1-code\.diff/m,
    );
    assert.match(text, /^machine: .*Deno \d/m);
    assert.match(text, /^settings:\n {2}lr=2 \(--set\)\n[^ ]/m);
    text = "";
    await diffCommand([...runs, "--runs", folder], print);
    assert.match(text, /code +as committed +changed, diff [0-9a-f]{12}/);
    assert.match(text, /environment\.STITCHBOOK_BLAS +– +off/);
    assert.match(text, /Uncommitted code: .*1-code\.diff/);
    text = "";
    await showCommand(["last", "--runs", folder, "--json"], print);
    assert.equal(JSON.parse(text).captured.length, 1);
  }));

Deno.test("`captureProvenance()` keeps small untracked text files: commit and patches recreate the code", () =>
  withFolder(async (folder) => {
    const root = await repository(folder);
    const texts: Record<string, string> = {
      "new.ts": "import 'x';\n\n// é\n",
      "deep/er/no end.ts": "1;\n+2",
      "windows.ts": "a;\r\nb;\r\n",
      "empty.txt": "",
      "one.txt": "\n",
      "ü.txt": "ü\n",
    };
    await Deno.writeTextFile(join(root, "run.ts"), "2;\n");
    await Deno.mkdir(join(root, "deep", "er"), { recursive: true });
    for (const [name, text] of Object.entries(texts)) await Deno.writeTextFile(join(root, name), text);
    await Deno.chmod(join(root, "new.ts"), 0o755);
    await Deno.writeTextFile(join(root, ".gitignore"), "ignored/\n");
    await Deno.mkdir(join(root, "ignored"));
    await Deno.writeTextFile(join(root, "ignored", "a.txt"), "ignored");
    await Deno.writeFile(join(root, "binary"), new Uint8Array([1, 0, 2]));
    await Deno.writeTextFile(join(root, "large.txt"), "x\n".repeat(100_000));
    await Deno.writeTextFile(join(root, ".env.local"), "A=hidden\n");
    await Deno.writeTextFile(join(root, 'quoted".txt'), "1\n");
    await Deno.symlink("run.ts", join(root, "link.ts"));
    // A runs folder that nobody ignores.
    const run = join(root, "results", "20261122-101010-bts-smoke-aaaa");
    await Deno.mkdir(run, { recursive: true });
    await Deno.writeTextFile(join(run, "events.jsonl"), "{}\n");
    const captured = await captureProvenance(run, { ...plain, root, script: join(root, "new.ts") });
    const { diff, untracked } = captured.git!;
    assert.deepEqual(untracked!.files, [".gitignore", ...Object.keys(texts)].sort());
    assert.deepEqual(untracked!.left, [
      { path: ".env.local", why: "may hold a secret" },
      { path: "binary", why: "not text" },
      { path: "large.txt", why: "too large" },
      { path: "link.ts", why: "not a regular file" },
      { path: 'quoted".txt', why: "unusual name" },
    ]);
    // The files are in `git status` as well, some as a whole folder: each is counted once.
    const untrackedCounts = "7 untracked files kept, 5 untracked files left out";
    assert.match(codeText(captured), new RegExp(`, 1 file changed \\(\\d+ bytes of diff\\), ${untrackedCounts}$`));
    const patch = join(run, "captured", untracked!.file!);
    assert.doesNotMatch(await Deno.readTextFile(patch), /hidden/);
    const again = join(folder, "again");
    await git(folder, "clone", "-q", root, again);
    await git(again, "checkout", "-q", captured.git!.commit);
    await git(again, "apply", join(run, "captured", diff.file!), patch);
    for (const [name, text] of Object.entries({ ...texts, "run.ts": "2;\n" })) {
      assert.equal(await Deno.readTextFile(join(again, name)), text, name);
    }
    assert.equal((await Deno.stat(join(again, "new.ts"))).mode! & 0o100, 0o100);
  }));

Deno.test("untracked files are kept up to a total size, others are listed, and older runs are still read", () =>
  withFolder(async (folder) => {
    const root = await repository(folder);
    for (let i = 0; i < 12; i++) await Deno.writeTextFile(join(root, `f${i}.txt`), `${i}\n`.repeat(50_000));
    const captured = await captureProvenance(folder, { ...plain, root });
    const { untracked } = captured.git!;
    assert.ok(untracked!.files.length > 3 && untracked!.leftOut > 3);
    assert.ok((await Deno.stat(join(folder, "captured", untracked!.file!))).size <= 1 << 20);
    assert.ok(untracked!.left.every(({ why }) => why === "patch too large" || why === "too large"));
    const path = join(folder, "captured", "1.json");
    const old = JSON.parse(await Deno.readTextFile(path));
    delete old.git.untracked;
    await Deno.writeTextFile(path, JSON.stringify(old));
    assert.equal((await readProvenance(folder))[0]!.git!.untracked, undefined);
  }));

Deno.test("`codeText()` counts an untracked file once, even if the list of changes was cut", () =>
  withFolder(async (folder) => {
    const root = await repository(folder);
    const text = async () => codeText(await captureProvenance(folder, { ...plain, root }));
    assert.match(await text(), /^commit [0-9a-f]{10} on trunk, no changes$/);
    for (let i = 0; i < 250; i++) await Deno.writeTextFile(join(root, `f${i}.txt`), "1\n");
    assert.match(await text(), /^commit [0-9a-f]{10} on trunk, 250 untracked files kept$/);
    await Deno.writeTextFile(join(root, "run.ts"), "2;\n");
    assert.match(await text(), /on trunk, 1 file changed \(\d+ bytes of diff\), 250 untracked files kept$/);
  }));
