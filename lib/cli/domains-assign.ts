// `deno task domains assign <files…>`: assigns new text to the domains that were discovered, and reports drift.
import { join } from "node:path";
import { Command } from "commander";
import { assignDocuments, type Assignment, assignmentTable, CONFIG_FILE } from "../domains/mod.ts";
import { defaultRunsFolder, formatTable, jsonLine, parseWithCommander, stopSignal } from "../run/mod.ts";
import { type Print, terminalWidth } from "./command.ts";
import { withEncoder } from "./encoder.ts";
import { showReading } from "./reading-progress.ts";

interface Options {
  readonly with: string;
  readonly out?: string;
  readonly model?: string;
  readonly runs: string;
  readonly textField: string;
  readonly skipBad?: true;
  readonly json?: true;
}

function commandOf(): Command {
  return new Command("domains assign")
    .description(
      "Assigns new text to the domains that deno task domains discover found, with the same model, and says how it differs " +
        "from the text that they were found in.",
    )
    .argument("<files...>", "paths, globs or folders of the text, as for domains discover")
    .option("--with <folder>", "folder that domains discover wrote", "domains")
    .option("--out <folder>", "new or empty folder for the documents of each domain and a configuration for them")
    .option("--model <run|folder>", "where the model is now whose hidden states are the features")
    .option("--text-field <name>", "field of a record that holds the text, or a path such as meta.text", "text")
    .option("--skip-bad", "skip records and files that cannot be read")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--json", "write one JSON object");
}

/** Assigns the text of the files that the arguments name. @throws UserError as `assignDocuments()` does */
export async function assignDomainsCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const parsed = parseWithCommander(commandOf(), args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const options = parsed.options as unknown as Options;
  using progress = showReading(options.json === true);
  const assignment = await withEncoder((encoder) =>
    assignDocuments({
      files: parsed.positional,
      clustering: options.with,
      out: options.out,
      textField: options.textField,
      skipBad: options.skipBad === true,
      encoder: ({ model }) => encoder(options.model ?? model!.path, options.runs),
      onProgress: progress.show,
      signal: stopSignal(),
    })
  );
  progress[Symbol.dispose]();
  print(options.json ? jsonLine(assignment) : asText(assignment, options.out));
}

function asText(assignment: Assignment, out: string | undefined): string {
  const { documents, duplicates, skipped, findings } = assignment;
  const leftOut = [
    ...(duplicates > 0 ? [`${duplicates} exact repetition${duplicates === 1 ? "" : "s"}`] : []),
    ...(skipped > 0 ? [`${skipped} that cannot be read`] : []),
  ];
  return [
    formatTable(assignmentTable(assignment), terminalWidth()),
    `${documents.toLocaleString("en-US")} documents${leftOut.length > 0 ? `; left out: ${leftOut.join(", ")}` : ""}`,
    ...(findings.length === 0
      ? ["No drift: nothing is clearly different from the text that the domains were found in"]
      : [
        "Drift:",
        ...findings.map((finding) => `- ${finding}`),
      ]),
    ...(out === undefined ? [] : [`Train on them: deno task bts --config ${join(out, CONFIG_FILE)}`]),
  ].join("\n");
}
