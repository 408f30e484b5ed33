// `deno task test:notebooks`: executes every notebook in real Jupyter with the smoke preset and checks what it shows.
import { fileURLToPath } from "node:url";
import { explainError, UserError } from "../../lib/errors.ts";
import { pythonCommand } from "../../lib/host/mod.ts";

/** The first Python that has what the notebook runner needs. */
async function pythonWithJupyter(): Promise<string> {
  for (const python of [pythonCommand(), "python"]) {
    const answer = await new Deno.Command(python, { args: ["-c", "import nbclient, jupyter_client"], stderr: "null" })
      .output().catch(() => undefined);
    if (answer?.success) return python;
  }
  throw new UserError(
    "notebook.no-nbclient",
    `No Python with nbclient was found: neither ${pythonCommand()} nor python can import it`,
    "Install it with `pip install nbclient jupyter_client`",
  );
}

try {
  const script = fileURLToPath(new URL("./run_notebooks.py", import.meta.url));
  const python = new Deno.Command(await pythonWithJupyter(), {
    args: [script, "--deno", Deno.execPath(), ...Deno.args],
  });
  Deno.exit((await python.spawn().status).code);
} catch (error) {
  console.error(explainError(error));
  Deno.exit(error instanceof UserError ? 2 : 1);
}
