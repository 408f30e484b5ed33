// The tasks of deno.json: one for each command, none with more permissions than it needs.
import assert from "node:assert/strict";
import { join } from "node:path";
import project from "../../deno.json" with { type: "json" };
import { commandNames } from "../../lib/cli/mod.ts";
import { repositoryRoot } from "../../lib/run/mod.ts";
import { withFolder } from "../run/fixtures.ts";

const tasks: Readonly<Record<string, string>> = project.tasks;
const LOOPBACK = ["127.0.0.1", "[::1]"];
const LOOK = { read: true, env: true, sys: true, run: true };
const CHANGE = { ...LOOK, write: true };
// To run programs and to listen on all addresses is for `--models`; without it, serve gives both up. `statfs` tells local
// folders from shared ones.
const SERVE = { read: true, env: true, sys: ["hostname", "statfs"], run: true, net: [...LOOPBACK, "0.0.0.0", "[::]"] };

/** The most that a task of a command may be permitted; a command that is not listed needs all. */
const MOST: Readonly<Record<string, Readonly<Record<string, boolean | readonly string[]>>>> = {
  ...Object.fromEntries(
    ["show", "stop", "queue", "logs", "diff", "verify", "notebook:install"].map((name) => [name, LOOK]),
  ),
  ...Object.fromEntries("ls tag note rename rm undo query reindex".split(" ").map((name) => [name, CHANGE])),
  merge: { read: true, write: true, env: true, sys: true },
  export: { read: true, write: true, env: true, sys: true },
  // `model get` downloads from the hub and the storage that it redirects to, whose hosts are not known beforehand.
  model: { ...CHANGE, net: true },
  convert: { read: true, write: true, env: true },
  init: { read: true, write: true, env: true },
  plan: { read: true, env: true, sys: true, run: ["sinfo"] },
  serve: SERVE,
  "serve:edit": { ...SERVE, write: true },
  doctor: { ...LOOK, ffi: true },
};
// They start experiments, or open devices and models, from the hub too.
const NEEDS_ALL = [
  "run",
  "resume",
  "attach",
  "cell",
  "sweep",
  "generate",
  "chat",
  "gates",
  "eval",
  "eval:code",
  "domains",
];

/** The options of `deno run` and the command of every task that runs main.ts. */
const commands = Object.entries(tasks).flatMap(([task, line]) => {
  const [, options, command] = /^deno run (\S+) main\.ts (\S+)$/.exec(line) ?? [];
  return options === undefined ? [] : [{ task, options, command: command! }];
});

Deno.test("every command has a task of its name, and every task of main.ts runs a command", () => {
  assert.deepEqual(
    commands.map(({ command }) => command).filter((name) => name !== "serve").sort(),
    [
      ...commandNames.filter((name) => name !== "serve"),
    ].sort(),
  );
  for (const { task, command } of commands) assert.equal(task.replace(/:edit$/, ""), command);
});

Deno.test("no task is permitted more than its command needs", () => {
  for (const { task, options } of commands) {
    if (options === "-A") assert.ok(NEEDS_ALL.includes(task), `deno task ${task} has all permissions`);
    else {
      const set = /^-qP=(.+)$/.exec(options)?.[1] ?? "";
      const given = (project.permissions as Record<string, Record<string, unknown>>)[set];
      assert.ok(given !== undefined, `${task}: ${options}`);
      for (const [name, value] of Object.entries(given)) {
        assert.deepEqual(value, MOST[task]?.[name], `${task}: ${name}`);
      }
    }
  }
});

Deno.test("Deno grants a task what its permission set says, and nothing else", () =>
  withFolder(async (folder) => {
    const script = join(folder, "ask.ts");
    await Deno.writeTextFile(
      script,
      `const names = ["read", "write", "net", "env", "sys", "run", "ffi", "import"] as const;
const state = async (descriptor: unknown) => (await Deno.permissions.query(descriptor as Deno.PermissionDescriptor)).state;
const granted: string[] = [];
for (const name of names) if (await state({ name }) === "granted") granted.push(name);
if (await state({ name: "net", host: "127.0.0.1:8420" }) === "granted") granted.push("loopback");
for (const kind of ["hostname", "statfs"]) if (await state({ name: "sys", kind }) === "granted") granted.push(kind);
console.log(granted.sort().join(" "));
`,
    );
    const granted = async (set: string) => {
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", `-qP=${set}`, "--config", join(repositoryRoot, "deno.json"), script],
        cwd: repositoryRoot,
      }).output();
      assert.equal(new TextDecoder().decode(stderr), "");
      return new TextDecoder().decode(stdout).trim();
    };
    for (const [name, set] of Object.entries(project.permissions) as [string, Record<string, unknown>][]) {
      const expected = Object.keys(set).filter((key) => set[key] === true);
      if (set["sys"]) expected.push("hostname", "statfs");
      if (set["net"]) expected.push("loopback");
      assert.equal(await granted(name), expected.sort().join(" "), name);
    }
  }));
