// The commands of `main.ts`: each is there, and is loaded only when it runs.
import assert from "node:assert/strict";
import { commandNames, runCommand } from "../../lib/cli/mod.ts";
import { repositoryRoot } from "../../lib/run/mod.ts";

const SUBCOMMANDS = [
  ...["get", "push", "show"].map((word) => `model ${word}`),
  ...["model", "run"].map((word) => `export ${word}`),
  ...["ls", "show", "stop", "resume"].map((word) => `sweep ${word}`),
];

Deno.test("every command and subcommand says how it is used", async () => {
  const { log } = console;
  let printed = "";
  console.log = (text) => void (printed += text);
  try {
    for (const command of [...commandNames, ...SUBCOMMANDS]) {
      printed = "";
      await runCommand([...command.split(" "), "--help"]);
      assert.ok(printed.startsWith(`Usage: ${command} `), `${command}: ${printed}`);
    }
  } finally {
    console.log = log;
  }
});

Deno.test("Deno reads no command's module before the command runs", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "main.ts"],
    cwd: repositoryRoot,
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: { specifier: string }[] };
  const files = modules.map(({ specifier }) => specifier);
  assert.ok(files.some((file) => file.endsWith("/lib/cli/mod.ts")));
  assert.deepEqual(files.filter((file) => /\/lib\/(cli\/ls|tensor\/mod)\.ts$/.test(file)), []);
});
