// Filters: what becomes of a generated answer before it is scored.
import { didYouMean, UserError } from "../errors.ts";
import { findAll, pythonRegex, RegexError } from "./python-regex.ts";
import { choiceFinder } from "./choice-filter.ts";
import { spansOf } from "./span-filter.ts";
import { strip } from "./python-values.ts";
import type { Fields } from "./template.ts";
import type { YamlFile } from "./yaml-file.ts";

/** A named chain of filters. */
export interface Filter {
  readonly name: string;
  /** The one answer that is scored, from those of all repeats. @throws Error with what cannot be done */
  apply(answers: readonly string[], document: Fields): string;
}

type Step = (answers: readonly string[], document: Fields) => readonly string[];

const each = (change: (answer: string) => string): Step => (answers) => answers.map(change);

/** The harness's settings of filters by regular expressions. */
const REGEX = { regex_pattern: "#### (\\-?[0-9\\.\\,]+)", group_select: 0, fallback: "[invalid]" };

/** Steps by name: their settings, with defaults, and what they do. */
const STEPS: Readonly<Record<string, (settings: Readonly<Record<string, unknown>>) => Step>> = {
  take_first: (settings) => {
    expect(settings, {});
    return ([first]) => [first!];
  },
  take_first_k: (settings) => {
    const { k } = expect(settings, { k: undefined as number | undefined });
    if (!Number.isInteger(k) || k! < 1) throw new Error("k must be a positive whole number");
    return (answers) => {
      if (answers.length < k!) throw new Error(`take_first_k needs ${k} answers, and repeats gives ${answers.length}`);
      return answers.slice(0, k);
    };
  },
  majority_vote: (settings) => {
    expect(settings, {});
    return (answers) => {
      const counts = new Map<string, number>();
      for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
      const most = Math.max(...counts.values());
      return [[...counts].find(([, count]) => count === most)![0]];
    };
  },
  regex: (settings) => {
    const { regex_pattern, group_select, fallback } = expect(settings, REGEX);
    const regex = pythonRegex(regex_pattern);
    return each((answer) => {
      const matches = findAll(regex, answer);
      if (matches.length === 0) return fallback;
      const match = matches.at(group_select);
      if (match === undefined) throw new Error(`regex has no match number ${group_select} of ${matches.length}`);
      return strip(typeof match === "string" ? match : match.find((group) => group !== "") ?? fallback);
    });
  },
  multi_choice_regex: (settings) => {
    const { regexes_to_ignore, ...others } = settings;
    const { fallback, ...given } = expect(others, { ...REGEX, ignore_case: false, ignore_punctuation: false });
    const ignored = [regexes_to_ignore ?? []].flat().map((source) => pythonRegex(String(source)));
    return (answers, { choices }) => {
      const find = choiceFinder({ ...given, regexes_to_ignore: ignored }, choices);
      return answers.map((answer) => find(answer) ?? fallback);
    };
  },
  format_span: (settings) => {
    expect(settings, {});
    return each(spansOf);
  },
  remove_whitespace: (settings) => {
    expect(settings, {});
    return each(strip);
  },
  lowercase: (settings) => {
    expect(settings, {});
    return each((answer) => answer.toLowerCase());
  },
  uppercase: (settings) => {
    expect(settings, {});
    return each((answer) => answer.toUpperCase());
  },
  map: (settings) => {
    const { mapping_dict, default_value } = expect(settings, {
      mapping_dict: {} as Readonly<Record<string, unknown>>,
      default_value: undefined as string | undefined,
    });
    if (default_value === undefined) throw new Error("default_value must be a text");
    const map = new Map(Object.entries(mapping_dict).map(([key, value]) => [key, String(value)]));
    return each((answer) => map.get(answer) ?? default_value);
  },
};

/** Filters of the harness that we do not have. */
const OTHERS = ["regex_pos", "custom", "decontaminate"];

/** Settings with defaults, of the defaults' types. */
function expect<T extends Readonly<Record<string, unknown>>>(
  settings: Readonly<Record<string, unknown>>,
  defaults: T,
): T {
  for (const [key, value] of Object.entries(settings)) {
    if (!Object.hasOwn(defaults, key)) {
      throw new Error(`unknown setting "${key}"`);
    }
    const wanted = typeof defaults[key];
    if (wanted !== "undefined" && typeof value !== wanted) {
      throw new Error(`${key} must be a ${wanted === "string" ? "text" : wanted}, not ${JSON.stringify(value)}`);
    }
  }
  return { ...defaults, ...settings };
}

/** @throws UserError `harness.filter` */
export function readFilters(
  file: YamlFile,
  outputType: string,
  list:
    | readonly { readonly name: string; readonly filter: readonly Readonly<Record<string, unknown>>[] }[]
    | undefined,
): Filter[] {
  if (list === undefined) return [{ name: "none", apply: ([first]) => first! }];
  if (outputType !== "generate_until") {
    throw new UserError(
      "harness.filter",
      `${file.place("filter_list")}: filter_list is for generated answers, but output_type is ${outputType}`,
      "remove it: the harness's default takes the one answer that there is",
    );
  }
  const twice = list.findIndex(({ name }, i) => list.findIndex((one) => one.name === name) !== i);
  if (twice >= 0) {
    throw new UserError(
      "harness.filter",
      `${file.place("filter_list", twice)}: there is another filter of the name "${list[twice]!.name}"`,
      "rename one of them",
    );
  }
  return list.map(({ name, filter }, i) => {
    const steps = filter.map(({ function: step, ...settings }, k) => {
      const where = file.place("filter_list", i, "filter", k);
      if (typeof step !== "string" || !Object.hasOwn(STEPS, step)) {
        throw new UserError(
          "harness.filter",
          `${where}: ${OTHERS.includes(String(step)) ? "cannot use" : "unknown"} filter "${step}": expected one of ` +
            Object.keys(STEPS).join(", "),
          didYouMean(String(step), Object.keys(STEPS)),
        );
      }
      try {
        return { step, run: STEPS[step]!(settings) };
      } catch (error) {
        const what = error instanceof RegexError ? `its regular expression cannot be read: ${error.message}` : error;
        throw new UserError(
          "harness.filter",
          `${where}: the filter ${step}: ${what instanceof Error ? what.message : what}`,
        );
      }
    });
    if (steps.at(-1)!.step !== "take_first" || steps.slice(0, -1).some(({ step }) => step === "take_first")) {
      throw new UserError(
        "harness.filter",
        `${
          file.place("filter_list", i)
        }: the filter "${name}" must end with take_first, and have it once: what is scored is one answer`,
        "take_first after the other filters gives the same answer",
      );
    }
    return { name, apply: (answers, document) => steps.reduce((left, { run }) => run(left, document), answers)[0]! };
  });
}
