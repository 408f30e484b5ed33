// A command as one line for a POSIX shell. Pure: the browser loads this file.
import { escapeUnsafe } from "./printable.ts";

/** Words that every shell reads as they are. */
const PLAIN = /^[\w@%+=:,./-]+$/;

/** A line that a shell splits into exactly these words: quoted where needed, unsafe characters written by `printf`. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}

function shellWord(word: string): string {
  if (PLAIN.test(word)) return word;
  const quoted = word.replaceAll("'", `'\\''`);
  return `'${escapeUnsafe(quoted, (character) => `'"$(printf '${octal(character)}')"'`)}'`;
}

/** A character's bytes as `printf` reads them. */
function octal(character: string): string {
  return [...new TextEncoder().encode(character)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}

/** The values of an option that takes one, in order: `--set a=1 --set=b=2` gives `a=1`, `b=2`. */
export function optionValues(command: readonly string[], option: string): string[] {
  return command.flatMap((word, i) => {
    if (word.startsWith(`${option}=`)) return [word.slice(option.length + 1)];
    return word === option && command[i + 1] !== undefined ? [command[i + 1]!] : [];
  });
}

/** What a command changes in its preset: the `--config` file, then each `--set key=value`. */
export function overridesOf(command: readonly string[]): string[] {
  return [...optionValues(command, "--config"), ...optionValues(command, "--set")];
}
