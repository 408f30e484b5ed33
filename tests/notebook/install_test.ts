// Registering the kernel, with a pretended Jupyter.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { findJupyter, installKernel } from "../../lib/notebook/mod.ts";
import type { RunCommand } from "../../lib/notebook/install.ts";

const LISTED = JSON.stringify({ kernelspecs: { deno: { resource_dir: "/somewhere/kernels/deno" } } });

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
});

Deno.test("`findJupyter()` goes on to Python's module when there is no `jupyter`", async () => {
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
