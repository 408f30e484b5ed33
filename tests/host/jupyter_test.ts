// Registering the kernel, with a pretended Jupyter.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { findJupyter, installKernel } from "../../lib/host/jupyter.ts";
import { kernelArguments, kernelFault } from "../../lib/host/jupyter-kernel.ts";
import type { RunCommand } from "../../lib/host/mod.ts";

const spec = { argv: ["/usr/bin/deno", "jupyter"], display_name: "Deno", language: "typescript", env: { A: "1" } };
const LISTED = JSON.stringify({ kernelspecs: { deno: { resource_dir: "/somewhere/kernels/deno", spec } } });

/** A machine on which only `command` is Jupyter. */
function machine(command: string | undefined, kernels: string, installed = 0): { run: RunCommand; calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    run: (name, args) => {
      calls.push([name, ...args].join(" "));
      if (name === Deno.execPath()) return Promise.resolve({ code: installed, output: "disk full" });
      if (name === command) return Promise.resolve({ code: 0, output: kernels });
      return Promise.resolve(name === "python3" ? { code: 1, output: "No module named jupyter" } : undefined);
    },
  };
}

const code = async (run: RunCommand) => {
  const error = await installKernel(run).then(() => undefined, (error) => error);
  assert.ok(error instanceof UserError, String(error));
  return error;
};

Deno.test("`installKernel()` registers this Deno's kernel and tells where", async () => {
  const { run, calls } = machine("jupyter", LISTED);
  assert.deepEqual(await installKernel(run), { jupyter: "jupyter", folder: "/somewhere/kernels/deno" });
  assert.ok(calls.includes(`${Deno.execPath()} jupyter --install --force`));
  // What Deno wrote stays, but for the command.
  const [, path, json] = /args\[1\]\) (\S+) (\{.*)$/s.exec(calls.at(-1)!)!;
  assert.equal(path, join("/somewhere/kernels/deno", "kernel.json"));
  assert.deepEqual(JSON.parse(json!), { ...spec, argv: kernelArguments() });
});

Deno.test("`findJupyter()` falls back to Python's module when there is no `jupyter`", async () => {
  assert.deepEqual(await findJupyter(machine("python", LISTED).run), ["python", "-m", "jupyter"]);
});

Deno.test("`installKernel()` without Jupyter says how to get it, and installs nothing", async () => {
  const { run, calls } = machine(undefined, LISTED);
  const error = await code(run);
  assert.equal(error.code, "notebook.no-jupyter");
  assert.match(error.hint!, /pip install jupyterlab/);
  assert.ok(!calls.some((call) => call.startsWith(Deno.execPath())));
});

Deno.test("`installKernel()` tells a failed installation from one that Jupyter does not see", async () => {
  assert.match((await code(machine("jupyter", LISTED, 1).run)).message, /disk full/);
  assert.equal((await code(machine("jupyter", "{}").run)).code, "notebook.unseen");
  assert.equal((await code(machine("jupyter", "not JSON").run)).code, "notebook.unseen");
});

Deno.test({
  name: "the kernel starts the Deno that installed it, or one on the PATH, or npx's, or says that there is none",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "stitchbook kernel '" });
    try {
      const program = async (name: string) => {
        const path = join(folder, name);
        await Deno.mkdir(join(path, ".."), { recursive: true });
        await Deno.writeTextFile(path, `#!/bin/sh\necho "${name}" "$@"\n`, { mode: 0o755 });
        return path;
      };
      const installed = await program("_npx/1/deno");
      await program("one/deno");
      await program("two/npx");
      const [command, ...args] = kernelArguments(installed, "2.9.6", "linux");
      const start = async (path: string) => {
        const { code, stdout, stderr } = await new Deno.Command(command!, {
          args: args.map((word) => word.replace("{connection_file}", "/a b/c.json")),
          env: { PATH: path },
          clearEnv: true,
        }).output();
        return [code, new TextDecoder().decode(code === 0 ? stdout : stderr).trim()];
      };
      const [one, two] = [join(folder, "one"), join(folder, "two")];
      const rest = "jupyter --kernel --conn /a b/c.json";
      assert.deepEqual(await start(`${one}:${two}`), [0, `_npx/1/deno ${rest}`]);
      await Deno.remove(installed);
      assert.deepEqual(await start(`${one}:${two}`), [0, `one/deno ${rest}`]);
      assert.deepEqual(await start(two), [0, `two/npx -y deno@2.9.6 ${rest}`]);
      assert.deepEqual(await start(folder), [127, "Deno was not found: run deno task notebook:install again"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("`kernelFault()` says when a kernel cannot start, and when it may soon not", () => {
  const npx = "/home/a/.npm/_npx/7a40/node_modules/deno/deno";
  const only = (...there: string[]) => (program: string) => there.includes(program);
  const old = (path: string) => [path, "jupyter", "--kernel", "--conn", "{connection_file}"];
  assert.equal(kernelFault(old("/usr/bin/deno"), only("/usr/bin/deno")), undefined);
  assert.match(kernelFault(old("/usr/bin/deno"), only("deno"))!, /\/usr\/bin\/deno, which is not there: run deno task/);
  assert.match(kernelFault(old(npx), only(npx))!, /until npx's cache is cleared/);
  assert.match(kernelFault([], only())!, /not there/);
  for (const there of [npx, "deno", "npx"]) {
    assert.equal(kernelFault(kernelArguments(npx, "2.9.6", "linux"), only(there)), undefined);
  }
  assert.match(
    kernelFault(kernelArguments(npx, "2.9.6", "linux"), only())!,
    /neither .*_npx.* nor another Deno or npx/,
  );
  assert.equal(kernelFault(kernelArguments("C:\\deno.exe", "2.9.6", "windows"), only("C:\\deno.exe")), undefined);
  assert.equal(kernelFault(kernelArguments("C:\\_npx\\deno.exe", "2.9.6", "windows"), only("cmd")), undefined);
});
