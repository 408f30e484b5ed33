// Resuming the main job after an edit of its code or its text, and starting a copy of it, in a tree of its own.
import assert from "node:assert/strict";
import { join } from "node:path";
import { repositoryRoot } from "../../lib/run/files/repository.ts";
import { runIds } from "../../lib/run/log/read.ts";

/** A copy of the repository's code whose files can be edited. */
async function copyTree(folder: string): Promise<string> {
  const tree = join(folder, "tree");
  for (const name of ["lib", "experiments"]) await copyFolder(join(repositoryRoot, name), join(tree, name));
  for (const name of ["deno.json", "deno.lock", "main.ts"]) {
    await Deno.copyFile(join(repositoryRoot, name), join(tree, name));
  }
  await Deno.symlink(join(repositoryRoot, "node_modules"), join(tree, "node_modules"));
  return tree;
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    await (isDirectory
      ? copyFolder(join(from, name), join(to, name))
      : Deno.copyFile(join(from, name), join(to, name)));
  }
}

const text = (word: string) =>
  Array.from({ length: 200 }, (_, i) => JSON.stringify({ text: `${word} number ${i} has ${i * i} words.` })).join("\n");

Deno.test({
  name: "`bts` that is resumed after an edit says what starts over before it does; pages and tables retrain nothing",
  ignore: Deno.build.os === "windows",
}, async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook-resume-" });
  try {
    const tree = await copyTree(folder);
    const runs = join(folder, "runs");
    const data = join(folder, "data.jsonl");
    await Deno.writeTextFile(data, text("This"));

    /** Steps of training in the logs of all runs. */
    const stepsLogged = async () => {
      const logs = (await runIds(runs).catch(() => [])).map((id) =>
        Deno.readTextFile(join(runs, id, "events.jsonl")).catch(() => "")
      );
      return (await Promise.all(logs)).join("").split('"kind":"metrics","cell":"seed"').length - 1;
    };

    /** Starts a script until it has trained a few steps, stops it, and gives what it said. */
    const trainABit = async (script = "experiments/bts.ts"): Promise<string> => {
      // Far enough for a checkpoint of a later step than the one before.
      const enough = await stepsLogged() + 6;
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", script, "--preset", "smoke", "--no-serve", "--runs", runs, "--device", "cpu"]
          .concat(["--threads", "1", "--set", "train.seed.steps=100000", "--set", "checkpoint.steps=5"])
          .concat(["--set", `data.code=${data}`]),
        cwd: tree,
        env: { NO_COLOR: "1" },
        stdin: "null",
        stdout: "null",
        stderr: "piped",
      }).spawn();
      const output = new Response(child.stderr).text();
      let ended = false;
      const end = child.status.finally(() => ended = true);
      while (!ended && await stepsLogged() < enough) await new Promise((resolve) => setTimeout(resolve, 50));
      const early = ended;
      if (!early) child.kill("SIGTERM");
      await end;
      const said = await output;
      assert.ok(!early, said);
      return said;
    };
    const edit = (path: string, text: string) => Deno.writeTextFile(join(tree, path), text, { append: true });
    const resumes = /… seed: resumes at step \d+/;

    assert.doesNotMatch(await trainABit(), /warning/);
    const [id] = await runIds(runs);

    await t.step("without an edit it continues, and after one of a page, a command or another method", async () => {
      for (
        const path of [
          "lib/report/report.ts",
          "lib/serve/client/run/page.tsx",
          "lib/cli/ls.ts",
          "lib/merge/weights/ties.ts",
        ]
      ) {
        await edit(path, "\n// An edit.\n");
      }
      const said = await trainABit();
      assert.doesNotMatch(said, /has changed/);
      assert.match(said, resumes);
    });

    await t.step("after an edit of its text's table that cell is built again, and the seed continues", async () => {
      await edit("lib/bts/data-table.ts", "\n// An edit.\n");
      const said = await trainABit();
      assert.match(
        said,
        /the code \(lib\/bts\/data-table\.ts\) has changed\. Start over: data \(finished\)\. Start over only if data comes/,
      );
      assert.match(said, resumes);
    });

    await t.step(
      "after an edit of the training loop it says that the seed starts over, and then starts it",
      async () => {
        const path = join(tree, "lib/train/loop.ts");
        const loop = await Deno.readTextFile(path);
        await edit("lib/train/loop.ts", "\n// An edit.\n");
        const said = await trainABit();
        assert.match(
          said,
          /the code \(lib\/train\/loop\.ts\) has changed\. Start over: seed \(its checkpoint of step \d+ no longer fits\)\.[^]*… seed: Train the seed/,
        );
        assert.doesNotMatch(said, resumes);
        await Deno.writeTextFile(path, loop);
        const undone = await trainABit();
        assert.doesNotMatch(undone, /has changed/);
        assert.match(undone, resumes);
      },
    );

    await t.step("after a change of the text it names the setting", async () => {
      await Deno.writeTextFile(data, text("That"));
      const said = await trainABit();
      assert.match(
        said,
        /data\.code has changed\. Start over: data \(finished\), seed \(its checkpoint of step \d+ no/,
      );
      assert.doesNotMatch(said, resumes);
    });
    assert.deepEqual(await runIds(runs), [id], "all of it is one run");

    await t.step("a copy of the script does not continue the original's run", async () => {
      await Deno.copyFile(join(tree, "experiments/bts.ts"), join(tree, "experiments/mine.ts"));
      await trainABit("experiments/mine.ts");
      assert.equal((await runIds(runs)).length, 2);
      await trainABit("experiments/mine.ts");
      assert.equal((await runIds(runs)).length, 2, "but its own");
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
