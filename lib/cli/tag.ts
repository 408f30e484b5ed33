// `deno task tag <run> good -bad`: adds tags to a run and removes others.
import { changeLabel, labelCommand } from "./label.ts";
import type { Print } from "./command.ts";

/** Adds tags, and removes those written with a minus. */
export async function tagCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  // A tag with a minus is not an option, so these are taken out before the rest is parsed.
  const isRemoval = (word: string) => /^-[^-]/.test(word) && word !== "-h";
  const remove = args.filter(isRemoval).map((word) => word.slice(1));
  const command = labelCommand("tag", "Adds tags to a run, and removes those written with a minus: tag last good -bad")
    .argument("[tags...]", "tags to add; -tag removes one; without tags, the command only shows them");
  await changeLabel(
    command,
    args.filter((word) => !isRemoval(word)),
    print,
    (add) => add.length + remove.length === 0 ? undefined : { kind: "tags", add: [...add], remove },
  );
}
