// `deno task notebook:install`: registers the Deno kernel with Jupyter.
import { Command } from "commander";
import { installKernel } from "../host/mod.ts";
import { parseWithCommander } from "../run/mod.ts";

/** `deno task notebook:install` */
export async function notebookCommand(args: readonly string[]): Promise<void> {
  const command = new Command("notebook:install").description("Registers the Deno kernel with Jupyter.");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return console.log(parsed.text.trimEnd());
  const { folder } = await installKernel();
  console.log(`The Deno kernel is installed in ${folder}. Open the notebooks with: jupyter lab notebooks`);
}
