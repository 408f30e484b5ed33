// `deno task note <run> "text"`: adds a note to a run.
import { changeLabel, labelCommand } from "./label.ts";
import type { Print } from "./command.ts";

/** Adds a note. */
export async function noteCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const command = labelCommand("note", "Adds a note to a run.").argument("<text>", "the note");
  await changeLabel(command, args, print, ([text]) => ({ kind: "note", text: text! }));
}
