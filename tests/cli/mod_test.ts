// The commands of `main.ts`: each is there, and is loaded only when it runs.
import assert from "node:assert/strict";
import { commandNames, runCommand } from "../../lib/cli/mod.ts";
import { repositoryRoot } from "../../lib/run/mod.ts";
import { printed } from "../printed.ts";

const SUBCOMMANDS = [
  ...["get", "push", "show"].map((word) => `model ${word}`),
  ...["model", "run"].map((word) => `export ${word}`),
  ...["ls", "show", "stop", "resume"].map((word) => `sweep ${word}`),
];

Deno.test("every command and subcommand says how it is used", async () => {
  for (const command of [...commandNames, ...SUBCOMMANDS]) {
    const text = await printed(() => runCommand([...command.split(" "), "--help"]));
    assert.ok(text.startsWith(`Usage: ${command} `), `${command}: ${text}`);
  }
});

Deno.test("Deno reads no command's module before the command runs", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "main.ts"],
    cwd: repositoryRoot,
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: { specifier: string }[] };
  const files = modules.flatMap(({ specifier }) => /\/lib\/cli\/(.*)$/.exec(specifier)?.[1] ?? []);
  assert.deepEqual(files.sort(), ["later.ts", "mod.ts"]);
});
