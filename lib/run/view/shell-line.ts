// A command as one line for a POSIX shell. Pure: the browser loads it too.

/** What no shell reads as anything but itself. */
const PLAIN = /^[\w@%+=:,./-]+$/;
/** Characters that could move the cursor, or that a terminal does not take when they are pasted; line ends are none. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g;

/** The words as they must be written so that a shell hands over exactly these; every word that needs it is quoted. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}

function shellWord(word: string): string {
  if (PLAIN.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`).replace(CONTROL, (character) => `'"$(printf '${octal(character)}')"'`)}'`;
}

/** A character's bytes as `printf` reads them. */
function octal(character: string): string {
  return [...new TextEncoder().encode(character)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}
