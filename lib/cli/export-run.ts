// `deno task export run`: a run as a page, Markdown, a notebook, CSV files or a log folder of TensorBoard.
import { dirname, join } from "node:path";
import { Command, Option } from "commander";
import { type ExportedRun, RUN_FORMATS, type RunFile, runFormat, type RunFormatName } from "../export/mod.ts";
import { systemReason, UserError } from "../errors.ts";
import { checkTarget, openTarget, type Output } from "../huggingface/mod.ts";
import { findRun } from "../library/mod.ts";
import { byteSize } from "../report/mod.ts";
import { defaultRunsFolder, jsonLine, parseWithCommander, readLabels, readProvenance, readRun } from "../run/mod.ts";
import type { Print } from "./command.ts";
import { checkOutputFile, outputError, reason } from "./output-file.ts";

/** Where exports go unless `--out` says otherwise. */
const EXPORTS_FOLDER = "exports";
const OUT_CODE = "export.out";
/** Parts of a file are written together until there is as much as this. */
const BLOCK_BYTES = 1 << 20;

interface Written {
  readonly name: string;
  readonly bytes: number;
}

/** Exports the run that the arguments name. */
export async function exportRunCommand(args: readonly string[], print: Print): Promise<void> {
  const names = Object.keys(RUN_FORMATS) as RunFormatName[];
  const command = new Command("export run")
    .description(
      "Writes a run for other programs, whatever its status: " +
        `${names.map((name) => `${name}: ${RUN_FORMATS[name].about}`).join("; ")}.`,
    )
    .argument("<run>", "id or name of the run, the start of an id, last, or the path of its folder")
    .addOption(new Option("--to <format>", "what to write").choices(names).makeOptionMandatory())
    .option(
      "-o, --out <path>",
      `a file for html, md and ipynb, a new or empty folder for the others (default: a name in ${EXPORTS_FOLDER})`,
    )
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--json", "write one JSON object: run, to, out, files");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const { options } = parsed;
  const { runsFolder, id } = await findRun(
    parsed.positional[0]!,
    String(options.runs),
    "deno task ls lists the runs; last is the newest",
  );
  const to = options.to as RunFormatName, format = runFormat(to);
  const given = options.out as string | undefined;
  const run = () => runToExport(runsFolder, id);
  let out: string, files: readonly Written[];
  if (format.kind === "file") {
    out = given ?? `${EXPORTS_FOLDER}/${id}${format.extension}`;
    if (given === undefined) await Deno.mkdir(EXPORTS_FOLDER, { recursive: true }).catch(cannotWrite(out));
    files = [{ name: out, bytes: await writeOneFile(out, async () => format.write(await run())) }];
  } else {
    out = given ?? `${EXPORTS_FOLDER}/${to}/${id}`;
    files = await writeFolder({ out, code: OUT_CODE, what: "the export" }, async () => format.write(await run()));
  }
  if (options.json) return print(jsonLine({ run: id, to, out, files }));
  const lines = format.kind === "file" ? [] : files.map(({ name, bytes }) => `  ${name}  ${byteSize(bytes)}`);
  print(
    [`Exported ${id} to ${out}${lines.length === 0 ? ` (${byteSize(files[0]!.bytes)})` : ":"}`, ...lines].join("\n"),
  );
}

/** @throws UserError `run.none` if the run has not begun or was removed by now, and as `readRun()` does */
async function runToExport(runsFolder: string, id: string): Promise<ExportedRun> {
  const folder = join(runsFolder, id);
  const view = await readRun(runsFolder, id);
  if (view === undefined) throw new UserError("run.none", `Cannot export the run ${id}: it has logged nothing`);
  return { view, runsFolder, labels: await readLabels(folder), provenance: await readProvenance(folder) };
}

/** Writes one file, or replaces it; it is whole or as it was. @returns its size in bytes */
async function writeOneFile(path: string, text: () => Promise<string>): Promise<number> {
  const target = await checkOutputFile(path, OUT_CODE);
  const content = await text();
  const temporary = join(dirname(target), `.partial-${crypto.randomUUID().slice(0, 8)}`);
  try {
    const bytes = await writeParts(temporary, [content]);
    await Deno.rename(temporary, target);
    return bytes;
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    return cannotWrite(path)(error);
  }
}

/** Writes a folder that is new or empty; it is whole or as it was. */
async function writeFolder(output: Output, files: () => Promise<readonly RunFile[]>): Promise<Written[]> {
  await checkTarget(output);
  const made = await files();
  const target = await openTarget(output);
  try {
    const written: Written[] = [];
    for (const { name, content } of made) {
      const path = join(target.workshop, ...name.split("/"));
      await Deno.mkdir(dirname(path), { recursive: true });
      written.push({ name, bytes: await writeParts(path, content) });
    }
    await target.finish();
    return written;
  } catch (error) {
    await target.discard();
    return cannotWrite(output.out)(error);
  }
}

/** Writes the parts of a file one after the other, and returns its size in bytes. */
async function writeParts(path: string, parts: RunFile["content"]): Promise<number> {
  using file = await Deno.open(path, { write: true, createNew: true });
  const encoder = new TextEncoder();
  const block = new Uint8Array(BLOCK_BYTES);
  let used = 0, total = 0;
  const write = async (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    total += bytes.length;
  };
  for (const part of parts) {
    const bytes = typeof part === "string" ? encoder.encode(part) : part;
    if (used + bytes.length > BLOCK_BYTES) {
      await write(block.subarray(0, used));
      used = 0;
    }
    if (bytes.length > BLOCK_BYTES) await write(bytes);
    else {
      block.set(bytes, used);
      used += bytes.length;
    }
  }
  await write(block.subarray(0, used));
  return total;
}

/** Throws what the system reported as an error of the output, and other errors as they are. */
const cannotWrite = (path: string) => (error: unknown): never => {
  if (error instanceof UserError || systemReason(error) === undefined) throw error;
  throw outputError(path, OUT_CODE, reason(path, error));
};
