// `deno task tag`, `note` and `rename`: what a person says about a run, kept beside its log.
import { join } from "node:path";
import { Command } from "commander";
import {
  addLabel,
  checkLabel,
  defaultRunsFolder,
  type LabelBody,
  type Labels,
  parseWithCommander,
  printable,
  readLabels,
  resolveRun,
} from "../run/mod.ts";

type Print = (text: string) => void;

/** `deno task tag <run> good -bad`: adds tags, and removes those with a minus. */
export async function tagCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  // A tag with a minus is no option, so these are taken out before the rest is parsed.
  const removed = args.filter((word) => /^-[^-]/.test(word) && word !== "-h").map((word) => word.slice(1));
  const rest = args.filter((word) => !/^-[^-]/.test(word) || word === "-h");
  const command = labelCommand("tag", "Adds tags to a run, and removes those written with a minus: tag last good -bad")
    .argument("<run>", "id or name of the run, the start of an id, or last")
    .argument("[tags...]", "tags to add; -tag removes one; none: only shows them");
  await change(command, rest, print, ([, ...added]) => {
    return added.length + removed.length === 0 ? undefined : { kind: "tags", add: added, remove: removed };
  });
}

/** `deno task note <run> "text"`: adds a note. */
export async function noteCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const command = labelCommand("note", "Adds a note to a run")
    .argument("<run>", "id or name of the run, the start of an id, or last")
    .argument("<text>", "the note");
  await change(command, args, print, ([, text]) => ({ kind: "note", text: text! }));
}

/** `deno task rename <run> "name"`: gives a run a name; the empty one takes it away. The id stays. */
export async function renameCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const command = labelCommand("rename", "Gives a run a name; its id stays what it is")
    .argument("<run>", "id or name of the run, the start of an id, or last")
    .argument("<name>", 'the name; "" takes it away');
  await change(command, args, print, ([, text]) => {
    const name = text!.trim();
    return { kind: "name", name: name === "" ? null : name };
  });
}

function labelCommand(name: string, description: string): Command {
  return new Command(name).description(description)
    .option("--runs <folder>", "where runs live", defaultRunsFolder())
    .option("--json", "write the run's name, tags and notes as one JSON object");
}

async function change(
  command: Command,
  args: readonly string[],
  print: Print,
  body: (positional: readonly string[]) => LabelBody | undefined,
): Promise<void> {
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const runs = String(parsed.options.runs);
  const label = body(parsed.positional);
  if (label !== undefined) checkLabel(label);
  const id = await resolveRun(runs, parsed.positional[0]!);
  const folder = join(runs, id);
  if (label !== undefined) await addLabel(folder, label);
  const labels = await readLabels(folder);
  print(parsed.options.json ? JSON.stringify({ run: id, ...labels }) : [id, ...labelLines(labels)].join("\n"));
}

/** A run's labels as lines of text; none when nobody said anything. */
export function labelLines({ name, tags, notes }: Labels): string[] {
  return [
    ...(name === null ? [] : [`name: ${printable(name)}`]),
    ...(tags.length === 0 ? [] : [`tags: ${tags.map(printable).join(", ")}`]),
    ...notes.map(({ time, text }) => `${time.slice(0, 16).replace("T", " ")}  ${printable(text)}`),
  ];
}
