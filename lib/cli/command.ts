// What commands share.
import { attempt, UserError } from "../errors.ts";
import { readRun, resolveRun, type RunView } from "../run/mod.ts";

export type Print = (text: string) => void;

/** Collects the values of an option that may be repeated. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** Width of the terminal that stdout is; lines that go elsewhere may have any length. */
export function terminalWidth(): number {
  return attempt(() => Deno.stdout.isTerminal() ? Deno.consoleSize().columns : Infinity) ?? Infinity;
}

/** The run that a word means, see `resolveRun()`. @throws UserError `run.none` and as `resolveRun()` does */
export async function namedRun(runsFolder: string, word: string): Promise<RunView> {
  const id = await resolveRun(runsFolder, word);
  const view = await readRun(runsFolder, id);
  if (view === undefined) throw new UserError("run.none", `The run ${id} is no longer in ${runsFolder}`);
  return view;
}
