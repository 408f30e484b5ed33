// `deno task notebook:install`: registers Deno's kernel with Jupyter, and says what is missing when it cannot.
import { join } from "node:path";
import { attempt, UserError } from "../errors.ts";
import { pythonCommand } from "./python.ts";
import { kernelArguments } from "./jupyter-kernel.ts";
import { type RunCommand, runCommand } from "./run-command.ts";

/** Commands that may be Jupyter, tried in this order. */
const JUPYTERS = ["jupyter", "python3 -m jupyter", "python -m jupyter", "py -m jupyter"].map((line) => line.split(" "));
const GET_JUPYTER =
  "Install it with `pip install jupyterlab` (or `pipx install jupyterlab`), then run `deno task notebook:install` again";

/** The first command that is Jupyter and lists kernels; undefined when there is none. */
export async function findJupyter(run: RunCommand = runCommand): Promise<readonly string[] | undefined> {
  const chosen = Deno.env.get("STITCHBOOK_PYTHON") ? [[pythonCommand(), "-m", "jupyter"]] : [];
  for (const [command = "", ...args] of [...chosen, ...JUPYTERS]) {
    const answer = await run(command, [...args, "kernelspec", "list", "--json"]);
    if (answer?.code === 0) return [command, ...args];
  }
  return undefined;
}

/** A kernel as Jupyter lists it. */
export interface ListedKernel {
  readonly resource_dir: string;
  /** Its kernel.json. */
  readonly spec?: Readonly<Record<string, unknown>> & { readonly argv?: readonly string[] };
}

/** The Deno kernel that Jupyter has; undefined when it has none. */
export async function findKernel(
  jupyter: readonly string[],
  run: RunCommand = runCommand,
): Promise<ListedKernel | undefined> {
  const [command, ...args] = jupyter;
  const answer = await run(command!, [...args, "kernelspec", "list", "--json"]);
  return attempt(() => JSON.parse(answer?.output ?? "").kernelspecs?.deno);
}

/**
 * Registers this Deno's kernel, such that it starts even after this Deno was moved, and returns where Jupyter found it.
 *
 * A kernel runs in its notebook's folder, so notebooks inside the repository get the repository's `deno.json`.
 *
 * @throws UserError when there is no Jupyter, when Deno cannot install its kernel, or when Jupyter does not see it
 */
export async function installKernel(run: RunCommand = runCommand): Promise<{ jupyter: string; folder: string }> {
  const jupyter = await findJupyter(run);
  if (jupyter === undefined) {
    throw new UserError(
      "notebook.no-jupyter",
      "Jupyter was not found: neither `jupyter` nor `python3 -m jupyter` answers",
      GET_JUPYTER,
    );
  }
  const installed = await run(Deno.execPath(), ["jupyter", "--install", "--force"]);
  if (installed?.code !== 0) {
    throw new UserError(
      "notebook.install",
      `\`deno jupyter --install\` failed: ${installed?.output.trim() ?? "it did not start"}`,
    );
  }
  const kernel = await findKernel(jupyter, run);
  if (kernel === undefined) {
    throw new UserError(
      "notebook.unseen",
      `The kernel was installed, but \`${jupyter.join(" ")}\` does not list it: it looks in other folders`,
      `Compare \`${jupyter.join(" ")} --paths\` with where \`deno jupyter --install --force\` says it writes, ` +
        "and unset JUPYTER_DATA_DIR or copy the folder",
    );
  }
  const folder = kernel.resource_dir;
  const json = { display_name: "Deno", language: "typescript", ...kernel.spec, argv: kernelArguments() };
  // In another process: this one has no permission to write.
  const write = "Deno.writeTextFileSync(Deno.args[0], Deno.args[1])";
  const written = await run(Deno.execPath(), [
    "eval",
    write,
    join(folder, "kernel.json"),
    JSON.stringify(json, null, 2),
  ]);
  if (written?.code !== 0) {
    const why = written?.output.trim() ?? "Deno did not start";
    throw new UserError("notebook.install", `Cannot write ${join(folder, "kernel.json")}: ${why}`);
  }
  return { jupyter: jupyter.join(" "), folder };
}
