// `deno task run`: any script, with its arguments, its signals and its exit code.
import assert from "node:assert/strict";
import { join } from "node:path";
import { repositoryRoot } from "../../lib/run/mod.ts";
import { withFolder } from "../run/fixtures.ts";
import { runMainCommand } from "./process.ts";

Deno.test("`run` hands a script its arguments and its exit code on", () =>
  withFolder(async (folder) => {
    const script = join(folder, "a script.ts");
    // A package of the repository's, from outside the repository.
    await Deno.writeTextFile(
      script,
      'import { z } from "zod";\nconsole.log(JSON.stringify([z.string().parse("x"), import.meta.main, ...Deno.args]));\n' +
        "Deno.exit(7);\n",
    );
    const args = ["--set", "a=b c", "", "--help", "--", "-x", "ä"];
    const { code, stdout } = await runMainCommand(["run", script, ...args]);
    assert.deepEqual([code, JSON.parse(stdout)], [7, ["x", true, ...args]]);
  }));

Deno.test("`run` of a script that is not there is one sentence, and exit code 2", async () => {
  for (const script of ["experiments/nowhere.ts", "experiments"]) {
    const { code, stdout, stderr } = await runMainCommand(["run", script]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^error: (There is no script|experiments is a folder)[^\n]*\n {2}hint: [^\n]+\n$/);
  }
  assert.match((await runMainCommand(["run"])).stderr, /^error: Missing the script to run/);
});

Deno.test("`run` takes scripts by their old paths, and Deno's own options before the script", async () => {
  const old = await runMainCommand(["run", "experiments/initialisation.ts", "--help"]);
  assert.deepEqual([old.code, old.stdout.startsWith("Usage: initialization ")], [0, true], old.stderr);
  const { code, stdout } = await runMainCommand(["run", "--no-check", "experiments/bts.ts", "--help"]);
  assert.deepEqual([code, stdout.startsWith("Usage: bts ")], [0, true]);
});

Deno.test({
  name: "`run` passes signals on to the script, once",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      const script = join(folder, "script.ts");
      await Deno.writeTextFile(
        script,
        `const heard: string[] = [];
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.addSignalListener(signal, () => {
    heard.push(signal);
    console.log(JSON.stringify(heard));
    if (signal === "SIGTERM") setTimeout(() => Deno.exit(5), 300);
  });
}
console.log("ready");
setTimeout(() => {}, 60_000);
`,
      );
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", "main.ts", "run", script],
        cwd: repositoryRoot,
        stdin: "null",
        stdout: "piped",
      }).spawn();
      let text = "";
      const sent = [["ready", "SIGINT"], ['["SIGINT"]', "SIGHUP"], ['["SIGINT","SIGHUP"]', "SIGTERM"]] as const;
      let next = 0;
      for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
        text += piece;
        if (next < sent.length && text.trimEnd().endsWith(sent[next]![0])) child.kill(sent[next++]![1]);
      }
      assert.equal((await child.status).code, 5);
      assert.equal(text, 'ready\n["SIGINT"]\n["SIGINT","SIGHUP"]\n["SIGINT","SIGHUP","SIGTERM"]\n');
    }),
});
