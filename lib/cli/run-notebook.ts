// `deno task run <notebook.ipynb>`: executes a notebook with parameters, and writes it with its outputs.
import { basename, dirname, join, resolve } from "node:path";
import { Command } from "commander";
import {
  type CellAt,
  type CellFailure,
  checkLanguage,
  declarationOf,
  executeNotebook,
  injectParameters,
  type Notebook,
  notebookParameters,
  notebookText,
  type Parameter,
  readParameters,
  startKernel,
} from "../jupyter/mod.ts";
import { duration } from "../report/mod.ts";
import { parseWithCommander, printableLines, stopSignal, typeInWords, writeTextAtomically } from "../run/mod.ts";
import { collect, type Print } from "./command.ts";
import { readNotebook } from "./notebook-file.ts";
import { checkOutputFile, refuseExisting } from "./output-file.ts";

/** Where executed notebooks go unless `--output` says otherwise. */
const EXECUTED_FOLDER = "executed";
const OUT_CODE = "notebook.output";
/** The time of cells that took this long is printed. */
const SLOW_SECONDS = 1;

/**
 * Executes a notebook in Deno's kernel, in the notebook's folder.
 *
 * @param path of the notebook
 * @returns the exit code: 1 when a cell failed, which it names on stderr
 * @throws UserError for mistakes, before anything is executed or written; `StopError` on Ctrl-C, after saving
 */
export async function runNotebookCommand(path: string, args: readonly string[], print: Print): Promise<number> {
  const command = new Command(`run ${path}`)
    .description(
      "Executes a notebook in Deno's kernel, in the notebook's folder, up to the first cell that fails, and writes it " +
        "with its outputs: after each cell, and every few seconds during a long one. Exit code 1 means that a cell failed.",
    )
    .option(
      "--set <name=value>",
      "another value for a variable that a cell tagged `parameters` declares; may be repeated",
      collect,
    )
    .option("-o, --output <file>", `where to write it (default: its name in ${EXECUTED_FOLDER})`)
    .option("--force", "replace the output file if it exists");
  const parsed = parseWithCommander(command, args);
  const name = basename(path);
  const notebook = await readNotebook(path);
  const declared = notebookParameters(notebook);
  if (parsed.kind === "help") {
    print(`${parsed.text}\n${parametersHelp(declared)}`);
    return 0;
  }
  const { options } = parsed;
  checkLanguage(notebook, name);
  const values = readParameters(options.set as string[] | undefined ?? [], declared, name);
  const output = (options.output as string | undefined) ?? join(EXECUTED_FOLDER, name);
  if (options.force !== true) await refuseExisting(output, OUT_CODE, "--output");
  if (options.output === undefined) await Deno.mkdir(EXECUTED_FOLDER, { recursive: true });
  const target = await checkOutputFile(output, OUT_CODE);

  const signal = stopSignal();
  const started = performance.now();
  const kernel = await startKernel(dirname(resolve(path)));
  let failure: CellFailure | undefined;
  try {
    failure = await executeNotebook(injectParameters(notebook, values, declared), {
      kernel,
      signal,
      save: (now: Notebook) => writeTextAtomically(target, notebookText(now)),
      report: (cell, seconds) => {
        if (seconds === undefined) print(`${placeOf(cell)}: ${printableLines(cell.line)}`);
        else if (seconds >= SLOW_SECONDS) print(`  ${duration(seconds)}`);
      },
    });
  } catch (error) {
    if (signal.aborted) print(`What was executed is in ${output}`);
    throw error;
  } finally {
    await kernel.stop();
  }
  if (failure === undefined) {
    print(`Executed ${name} in ${duration((performance.now() - started) / 1000)}: ${output}`);
    return 0;
  }
  const { cell, what } = failure;
  console.error(
    printableLines(
      `error: ${placeOf(cell)} of ${name}, "${cell.line}", failed: ${what}\n  its outputs are in ${output}`,
    ),
  );
  return 1;
}

const placeOf = ({ number, of }: CellAt) => `code cell ${number} of ${of}`;

/** The parameters of a notebook for its help. */
function parametersHelp(declared: readonly Parameter[]): string {
  if (declared.length === 0) return "It declares no parameters: no cell has the tag `parameters`.";
  const lines = declared.map((one) => {
    const about = [typeInWords(one.schema), one.comment].filter((text) => text !== "").join("; ");
    return `  ${declarationOf(one)}  (${about})`;
  });
  return `Parameters:\n${printableLines(lines.join("\n"))}`;
}
