// `deno task rename <run> "name"`: gives a run a name; its id stays the same.
import { changeLabel, labelCommand } from "./label.ts";
import type { Print } from "./command.ts";

/** Sets a run's name, or removes it when the new one is empty. */
export async function renameCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const command = labelCommand("rename", "Gives a run a name; its id stays the same.")
    .argument("<name>", 'the name; "" removes it');
  await changeLabel(command, args, print, ([text]) => ({ kind: "name", name: text!.trim() || null }));
}
