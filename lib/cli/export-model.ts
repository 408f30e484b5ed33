// `deno task export model`: a model of a run as a Hugging Face folder or a GGUF file.
import { Command, Option } from "commander";
import {
  EXPORT_DTYPES,
  type ExportDtype,
  exportModel,
  type ExportReport,
  type Format,
  FORMATS,
} from "../export/mod.ts";
import { UserError } from "../errors.ts";
import { RUN_HINT } from "./model-folder.ts";
import { findModelRun } from "../library/mod.ts";
import type { License } from "../pretrained/mod.ts";
import { byteSize } from "../report/mod.ts";
import { defaultRunsFolder, jsonLine, parseWithCommander, stopSignal } from "../run/mod.ts";
import type { Print } from "./command.ts";

interface Options {
  readonly to: Format;
  readonly dtype: ExportDtype;
  readonly out?: string;
  readonly license?: string;
  readonly licenseName?: string;
  readonly licenseLink?: string;
  readonly runs: string;
  readonly json?: true;
}

/** Exports the model that the arguments name. */
export async function exportModelCommand(args: readonly string[], print: Print): Promise<void> {
  const command = new Command("export model")
    .description(
      "Writes a model of a finished run, with a model card, for transformers (a Hugging Face folder) or for llama.cpp (GGUF). " +
        "Everything is checked before anything is written.",
    )
    .argument("<run>", "id or name of the run, the start of an id, last, or the path of its folder")
    .argument("<model>", "seed, an expert's domain, soup, a merge or another method, as in the run's results")
    .addOption(
      new Option("--to <format>", "hf: a folder for transformers; gguf: for llama.cpp").choices(FORMATS).default("hf"),
    )
    .addOption(
      new Option("--dtype <type>", "type of the weights; q8_0 for gguf only").choices(Object.keys(EXPORT_DTYPES))
        .default("f32"),
    )
    .option(
      "-o, --out <path>",
      "folder, new or empty; with --to gguf also a file that ends in .gguf (default: models/<run>-<model>)",
    )
    .option("--license <id>", "license of the weights, as the Hugging Face hub names it: apache-2.0, or other")
    .option("--license-name <name>", "with --license other: its name, such as my-license-1.0")
    .option("--license-link <address>", "with --license other: where it is, an address or LICENSE in the folder")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--json", "write one JSON object: run, model, to, dtype, out, files, parameters, weights");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const [run, model] = parsed.positional as [string, string];
  const options = parsed.options as unknown as Options;
  const { runsFolder, id } = await findModelRun(
    run,
    options.runs,
    RUN_HINT,
  );
  const report = await exportModel({
    runsFolder,
    id,
    model,
    to: options.to,
    dtype: options.dtype,
    out: options.out,
    license: licenseIn(options),
    signal: stopSignal(),
    onProgress: options.json || !Deno.stderr.isTerminal() ? undefined : showProgress,
  });
  print(options.json ? jsonLine(report) : asText(report));
}

/** @throws UserError `command.malformed` */
function licenseIn({ license: id, licenseName: name, licenseLink: link }: Options): License | undefined {
  if (id !== undefined) return { id, name, link };
  if (name === undefined && link === undefined) return undefined;
  throw new UserError(
    "command.malformed",
    `Cannot take ${
      name === undefined ? "--license-link" : "--license-name"
    } alone: it is about a license without an identifier`,
    "give --license other, too",
  );
}

function showProgress(done: number, total: number): void {
  const line = done === total ? "" : `${Math.floor(100 * done / total)} % of ${byteSize(total)}`;
  Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[2K${line}`));
}

function asText({ model, run, out, files }: ExportReport): string {
  return [
    `Exported ${model} of ${run} to ${out}:`,
    ...files.map(({ name, bytes }) => `  ${name}  ${byteSize(bytes)}`),
  ].join("\n");
}
