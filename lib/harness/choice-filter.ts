// The filter `multi_choice_regex`: which of a document's choices an answer names, as a letter in parentheses.
import { escapeRegex, findAll, pythonRegex } from "./python-regex.ts";
import { strip, textLength } from "./python-values.ts";

/** Settings of the filter, under the harness's names. */
export interface ChoiceSettings {
  readonly regex_pattern: string;
  /** Which of several matches counts; below 0 from the end. */
  readonly group_select: number;
  readonly ignore_case: boolean;
  readonly ignore_punctuation: boolean;
  readonly regexes_to_ignore: readonly RegExp[];
}

/**
 * Looks for a choice in answers: by the pattern; or else for a choice's text, the longest first; or else for a letter after a
 * colon.
 *
 * @param choices the field `choices` of the document
 * @returns what was found, or undefined
 * @throws Error for a document without a list of texts in `choices`, or with more choices than letters
 */
export function choiceFinder(
  { regex_pattern, group_select, ...settings }: ChoiceSettings,
  choices: unknown,
): (answer: string) => string | undefined {
  if (!Array.isArray(choices) || !choices.every((choice) => typeof choice === "string")) {
    throw new Error("multi_choice_regex needs a field choices with a list of texts");
  }
  if (choices.length > 26) throw new Error(`multi_choice_regex has letters for 26 choices, not ${choices.length}`);
  const plain = (text: string) => {
    let left = settings.regexes_to_ignore.reduce((rest, regex) => rest.replace(regex, ""), text);
    if (settings.ignore_case) left = left.toLowerCase();
    if (settings.ignore_punctuation) left = left.replace(/\p{P}/gu, "");
    return left;
  };
  const letters = choices.map((_, i) => String.fromCharCode(65 + i));
  const named = (names: readonly string[]) => new Map(names.map((name, i) => [name, `(${letters[i]})`]));
  const texts = choices.map((choice) => plain(strip(choice)));
  const byLength = texts.map(escapeRegex).sort((a, b) => textLength(b) - textLength(a));
  const steps = [
    { regex: pythonRegex(regex_pattern), names: new Map<string, string>(), read: (answer: string) => answer },
    { regex: new RegExp(byLength.join("|"), "gu"), names: named(texts), read: plain },
    { regex: pythonRegex(`:[\\s]*(${letters.join("|")})`), names: named(letters), read: (answer: string) => answer },
  ];
  return (answer) => {
    for (const { regex, names, read } of steps) {
      const matches = findAll(regex, read(answer));
      if (matches.length === 0) continue;
      const match = matches.at(group_select);
      if (match === undefined) throw new Error(`regex has no match number ${group_select} of ${matches.length}`);
      const found = strip(typeof match === "string" ? match : match.find((group) => group !== "") ?? "");
      if (found !== "") return names.get(found) ?? found;
    }
    return undefined;
  };
}
