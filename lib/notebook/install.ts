// `deno task notebook:install`: registers Deno's kernel with Jupyter, and says what is missing when it cannot.
import { UserError } from "../errors.ts";
import { pythonCommand } from "../doctor/mod.ts";

/** What a command said; undefined when it could not be started. */
export type RunCommand = (
  command: string,
  args: readonly string[],
) => Promise<{ code: number; output: string } | undefined>;

const runCommand: RunCommand = async (command, args) => {
  try {
    const { code, stdout, stderr } = await new Deno.Command(command, { args: [...args], stdin: "null" }).output();
    const decoder = new TextDecoder();
    return { code, output: decoder.decode(stdout) + (code === 0 ? "" : decoder.decode(stderr)) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
};

/** Ways to call Jupyter, tried in this order. */
const JUPYTERS = [["jupyter"], ["python3", "-m", "jupyter"], ["python", "-m", "jupyter"], [
  "py",
  "-m",
  "jupyter",
]] as const;
const GET_JUPYTER =
  "Install it with `pip install jupyterlab` (or `pipx install jupyterlab`), then run `deno task notebook:install` again";

/** The command that calls Jupyter and can list kernels, or undefined when there is none. */
export async function findJupyter(run: RunCommand = runCommand): Promise<readonly string[] | undefined> {
  const chosen = Deno.env.get("STITCHBOOK_PYTHON") ? [[pythonCommand(), "-m", "jupyter"]] : [];
  for (const [command = "", ...args] of [...chosen, ...JUPYTERS]) {
    const answer = await run(command, [...args, "kernelspec", "list", "--json"]);
    if (answer?.code === 0) return [command, ...args];
  }
  return undefined;
}

/** Where Jupyter keeps the Deno kernel, or undefined when it has none. */
async function kernelFolder(jupyter: readonly string[], run: RunCommand): Promise<string | undefined> {
  const [command, ...args] = jupyter;
  const answer = await run(command!, [...args, "kernelspec", "list", "--json"]);
  try {
    return JSON.parse(answer?.output ?? "").kernelspecs?.deno?.resource_dir;
  } catch {
    return undefined;
  }
}

/**
 * Registers the kernel of this very Deno and returns where Jupyter found it.
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
  const folder = await kernelFolder(jupyter, run);
  if (folder === undefined) {
    throw new UserError(
      "notebook.unseen",
      `The kernel was installed, but \`${jupyter.join(" ")}\` does not list it: it looks in other folders`,
      `Compare \`${jupyter.join(" ")} --paths\` with where \`deno jupyter --install --force\` says it writes, ` +
        "and unset JUPYTER_DATA_DIR or copy the folder",
    );
  }
  return { jupyter: jupyter.join(" "), folder };
}
