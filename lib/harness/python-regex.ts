// Regular expressions in Python's syntax as JavaScript's.
import { PYTHON_SPACE } from "./python-values.ts";

/** What an expression needs that JavaScript does not have. */
export class RegexError extends Error {}

const CLASSES: Readonly<Record<string, string>> = {
  d: "\\p{Nd}",
  w: "\\p{L}\\p{N}_",
  s: PYTHON_SPACE,
};

/**
 * A global expression that finds what Python's `re` finds in a text: `\d`, `\w` and `\s` are Unicode's.
 *
 * @throws RegexError for what cannot be translated
 */
export function pythonRegex(source: string): RegExp {
  const [, letters = "", rest = source] = /^\(\?([aiLmsux]+)\)(.*)$/s.exec(source) ?? [];
  for (const letter of letters) {
    if (!"ims".includes(letter)) throw new RegexError(`the flag (?${letter}) is not supported`);
  }
  let result = "";
  let inClass = false;
  for (let at = 0; at < rest.length; at++) {
    const character = rest[at]!;
    if (character === "\\") result += escape(rest[++at], inClass);
    else if (inClass) {
      if (character === "]") inClass = false;
      // `[` needs no backslash in Python's classes.
      result += character === "[" ? "\\[" : character;
    } else if (character === "[") {
      inClass = true;
      const [start] = /^\[\^?\]?/.exec(rest.slice(at))!;
      result += start.replace("]", "\\]");
      at += start.length - 1;
    } else if (character === "(" && rest.startsWith("(?P", at)) {
      const [all, name, reference] = /^\(\?P(?:<(\w+)>|=(\w+)\))/.exec(rest.slice(at)) ?? [];
      if (all === undefined) throw new RegexError(`unknown extension ${rest.slice(at, at + 4)}`);
      result += name === undefined ? `\\k<${reference}>` : `(?<${name}>`;
      at += all.length - 1;
    } else if (character === "$" && !letters.includes("m")) result += "(?=\\n?(?![^]))";
    else if ((character === "{" && !/^\{\d*,?\d*\}/.test(rest.slice(at))) || character === "}" && !closes(rest, at)) {
      result += `\\${character}`;
    } else if (character === "{" && rest.startsWith("{,", at)) result += "{0";
    else result += character;
  }
  try {
    return new RegExp(
      result,
      `gu${letters.includes("i") ? "i" : ""}${letters.includes("m") ? "m" : ""}${letters.includes("s") ? "s" : ""}`,
    );
  } catch (error) {
    throw new RegexError((error as Error).message);
  }
}

/** Whether a brace ends a quantifier such as `{2,3}`. */
function closes(source: string, at: number): boolean {
  const open = source.lastIndexOf("{", at);
  return open >= 0 && /^\{\d*,?\d*\}$/.test(source.slice(open, at + 1));
}

function escape(letter: string | undefined, inClass: boolean): string {
  if (letter === undefined) throw new RegexError("it ends with a backslash");
  const lower = letter.toLowerCase();
  if ("dws".includes(lower)) {
    const set = CLASSES[lower]!;
    if (letter === lower) return inClass ? set : `[${set}]`;
    if (inClass) throw new RegexError(`\\${letter} within [] is not supported`);
    return `[^${set}]`;
  }
  if (letter === "A") return "(?<![^])";
  if (letter === "Z") return "(?![^])";
  if (letter === "b" || letter === "B") return inClass ? "\\b" : boundary(letter === "b");
  if (letter === "a") return "\\x07";
  if (/[A-Za-z]/.test(letter) && !"nrtfvxu".includes(letter)) throw new RegexError(`unknown escape \\${letter}`);
  if (letter === "-") return inClass ? "\\-" : "-";
  // With the flag u, only these may have a backslash.
  return /[A-Za-z0-9^$\\.*+?()[\]{}|/]/.test(letter) ? `\\${letter}` : letter;
}

/** `\b` with Unicode's letters. */
function boundary(at: boolean): string {
  const w = `[${CLASSES["w"]}]`;
  const [before, after] = [`(?<=${w})`, `(?<!${w})`];
  return at ? `(?:${before}(?!${w})|${after}(?=${w}))` : `(?:${before}(?=${w})|${after}(?!${w}))`;
}

/**
 * Python's `findall()`: for each match its text; or, if the expression has a group, that group's; or those of all groups.
 */
export function findAll(regex: RegExp, text: string): (string | readonly string[])[] {
  return [...text.matchAll(regex)].map(([all, ...groups]) => {
    if (groups.length === 0) return all;
    const texts = groups.map((group: string | undefined) => group ?? "");
    return texts.length === 1 ? texts[0]! : texts;
  });
}

/** A text as an expression that finds it, with the flag u. */
export const escapeRegex = (text: string): string => text.replaceAll(/[\^$\\.*+?()[\]{}|\/]/g, "\\$&");
