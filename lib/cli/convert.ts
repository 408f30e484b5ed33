// `deno task convert`: a script as a notebook, and a notebook as a script.
import { basename, extname } from "node:path";
import { Command, Option } from "commander";
import { UserError } from "../errors.ts";
import { checkLanguage, notebookText, notebookToScript, scriptToNotebook } from "../jupyter/mod.ts";
import { parseWithCommander, writeTextAtomically } from "../run/mod.ts";
import type { Print } from "./command.ts";
import { readNotebook } from "./notebook-file.ts";
import { checkOutputFile, refuseExisting } from "./output-file.ts";
import { readTextFile } from "./text-file.ts";

const OUT_CODE = "convert.output";
const NOTEBOOK = ".ipynb";
const SCRIPTS = [".ts", ".mts", ".tsx", ".js", ".mjs", ".jsx"];

/**
 * Converts the file that the arguments name.
 *
 * @throws UserError `convert.input` for a file that is neither a script nor a notebook, or is already what it should
 *   become, `convert.output` for a file that exists or cannot be written, and as reading the file does
 */
export async function convertCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const command = new Command("convert")
    .description(
      "Writes a script as a notebook, or a notebook as a script. In a script, `// %%` begins a cell, and `// %% [markdown]` " +
        "one of text in comments, as in jupytext's percent format; a script without them is cut where its top level has " +
        "empty lines. Converting back gives the same file, but for outputs.",
    )
    .argument("<file>", "a script or a notebook")
    .addOption(new Option("--to <format>", "what to write").choices(["ipynb", "ts"]).makeOptionMandatory())
    .option("-o, --output <file>", "where to write it (default: beside the file, with the other ending)")
    .option("--force", "replace the output file if it exists");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const path = parsed.positional[0]!;
  const { to, output, force } = parsed.options as { to: "ipynb" | "ts"; output?: string; force?: boolean };
  const { text, remark } = await (to === "ipynb" ? asNotebook(path) : asScript(path));
  const out = output ?? path.slice(0, -extname(path).length) + `.${to}`;
  if (force !== true) await refuseExisting(out, OUT_CODE, "--output");
  await writeTextAtomically(await checkOutputFile(out, OUT_CODE), text);
  print(`Converted ${basename(path)} to ${out}${remark}`);
}

/** A text to write, and what to say about it. */
interface Converted {
  readonly text: string;
  readonly remark: string;
}

async function asNotebook(path: string): Promise<Converted> {
  if (path.endsWith(NOTEBOOK)) throw wrongInput(path, "is a notebook already", "ts");
  if (!SCRIPTS.includes(extname(path))) throw wrongInput(path, `is not a script: expected ${SCRIPTS.join(", ")}`);
  const notebook = scriptToNotebook(
    await readTextFile(path, "convert.input", "give the path of a script, such as experiments/bts.ts"),
  );
  return { text: notebookText(notebook), remark: ` (${counted(notebook.cells.length, "cell")})` };
}

async function asScript(path: string): Promise<Converted> {
  if (SCRIPTS.includes(extname(path))) throw wrongInput(path, "is a script already", "ipynb");
  const notebook = await readNotebook(path);
  checkLanguage(notebook, path);
  const outputs = notebook.cells.reduce((sum, cell) => sum + (cell.cell_type === "code" ? cell.outputs.length : 0), 0);
  return {
    text: notebookToScript(notebook),
    remark: outputs === 0 ? "" : `; its ${counted(outputs, "output")} stay in the notebook alone`,
  };
}

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function wrongInput(path: string, why: string, other?: string): UserError {
  return new UserError("convert.input", `${path} ${why}`, other && `write --to ${other}`);
}
