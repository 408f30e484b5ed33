// What `tag`, `note` and `rename` share: they add one label to a run, beside its log, and print what the run then has.
import { join } from "node:path";
import { Command } from "commander";
import {
  addLabel,
  checkLabel,
  defaultRunsFolder,
  jsonLine,
  type LabelBody,
  type Labels,
  parseWithCommander,
  printable,
  readLabels,
  resolveRun,
} from "../run/mod.ts";
import { localMinute } from "./time.ts";
import type { Print } from "./command.ts";

/** A command whose first argument is the run that gets the label. */
export function labelCommand(name: string, description: string): Command {
  return new Command(name).description(description)
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--json", "write the run's name, tags and notes as one JSON object")
    .argument("<run>", "id or name of the run, the start of an id, or last");
}

/**
 * Parses the arguments, adds the label and prints the run's labels.
 *
 * @param label the label that the positional arguments after the run describe; undefined: add none
 * @throws UserError for what cannot be parsed, a label that is not allowed, and a run that does not exist
 */
export async function changeLabel(
  command: Command,
  args: readonly string[],
  print: Print,
  label: (words: readonly string[]) => LabelBody | undefined,
): Promise<void> {
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const runs = String(parsed.options.runs);
  const [word, ...words] = parsed.positional;
  const added = label(words);
  if (added !== undefined) checkLabel(added);
  const id = await resolveRun(runs, word!);
  const folder = join(runs, id);
  if (added !== undefined) addLabel(folder, added);
  const labels = await readLabels(folder);
  print(parsed.options.json ? jsonLine({ run: id, ...labels }) : [id, ...labelLines(labels)].join("\n"));
}

/** A run's labels as lines of text; none for a run without labels. */
export function labelLines({ name, tags, notes }: Labels): string[] {
  return [
    ...(name === null ? [] : [`name: ${printable(name)}`]),
    ...(tags.length === 0 ? [] : [`tags: ${tags.map(printable).join(", ")}`]),
    ...notes.map(({ time, text }) => `${localMinute(time)}  ${printable(text)}`),
  ];
}
