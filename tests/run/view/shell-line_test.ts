// Shown commands can be pasted into a shell, whatever their arguments are.
import assert from "node:assert/strict";
import { showCommand } from "../../../lib/cli/show.ts";
import { beginRun, shellLine } from "../../../lib/run/mod.ts";
import { overridesOf } from "../../../lib/run/view/mod.ts";
import { options, withFolder } from "../fixtures.ts";

const words = [
  "deno",
  "task",
  "bts",
  "--name",
  "a first try",
  "--set=data.path=~/texts",
  "~",
  "",
  "a'b",
  '$HOME `id` \\ "x"',
  "[0,1]",
  "*",
  "#",
  "a;b&c|d>e<f",
  "two\nlines",
  "line end\n",
  "a\tb",
  "\x1b[2Jred",
  "\u009b1m",
  "ü–€",
  "--x=1 2",
  "!!",
];

Deno.test("`shellLine()` returns a line without control characters that a shell splits into the same words", async () => {
  const line = shellLine(words);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(line, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  const { stdout } = await new Deno.Command("sh", { args: ["-c", `printf '%s\\0' ${line}`] }).output();
  assert.deepEqual(new TextDecoder().decode(stdout).split("\0").slice(0, -1), words);
});

Deno.test("`shellLine()` quotes only where necessary", () => {
  const plain = ["deno", "task", "run", "experiments/bts.ts", "--set", "train.seed.lr=1e-3", "--seeds=1,2", "a@b:c%+_"];
  assert.equal(shellLine(plain), plain.join(" "));
});

Deno.test("`overridesOf()` says what a command changed", () => {
  const command = ["deno", "task", "bts", "--set", "a.b=1", "--set=c=d=e", "--config", "my.yaml"];
  assert.deepEqual(overridesOf(command), ["my.yaml", "a.b=1", "c=d=e"]);
  assert.deepEqual(overridesOf(["--set"]), []);
});

Deno.test("`show` prints the command so that it can be pasted", () =>
  withFolder(async (folder) => {
    const command = ["deno", "task", "bts", "--name", "it's a first try", "--set", "data.domains=[a, b]"];
    const run = await beginRun(options(folder, { command }));
    run.finish({ domains: [], measures: [], methods: {} });
    let text = "";
    await showCommand([run.id, "--runs", folder], (piece) => text += piece);
    const line = `command: deno task bts --name 'it'\\''s a first try' --set 'data.domains=[a, b]'`;
    assert(text.split("\n").includes(line), text);
  }));
