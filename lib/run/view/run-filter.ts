// Filtering a list of runs by what a person types: words, and terms such as `seed:2 model.width:>64 tag:good`. Pure.

/** What a filter looks at. */
export interface FilteredRun {
  readonly id: string;
  readonly name: string | null;
  readonly title: string;
  readonly experiment: string;
  readonly preset: string;
  readonly seed: number;
  readonly device: string;
  readonly status: string;
  readonly tags: readonly string[];
  /** Every setting by its key path, such as `stitch.count`. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** One condition of a filter; a run must satisfy all of them. */
export type FilterTerm =
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "field"; readonly field: string; readonly value: string };

/** Fields of every run that a term may name, besides settings. */
export const FIELDS: readonly string[] = [
  "id",
  "name",
  "title",
  "experiment",
  "preset",
  "seed",
  "device",
  "status",
  "tag",
];

/**
 * The terms of a filter. Quotes keep words together. `field:value` asks for a field of the run or for a setting; the last
 * part of a setting's key is enough. Two words such as `seed 2` mean `seed:2`.
 */
export function parseFilter(text: string): FilterTerm[] {
  const words = [...text.matchAll(/([\w./*-]+:)?"([^"]*)"?|\S+/g)].map(([whole, field, quoted]) =>
    quoted === undefined
      ? { text: whole, quoted: false }
      : { text: (field ?? "") + quoted, quoted: field === undefined }
  );
  const terms: FilterTerm[] = [];
  for (let i = 0; i < words.length; i++) {
    const { text, quoted } = words[i]!;
    const [, field, value] = /^([\w./-]+):(.*)$/s.exec(text) ?? [];
    const next = words[i + 1]?.text;
    if (!quoted && field !== undefined && value !== "") terms.push({ kind: "field", field, value: value! });
    else if (!quoted && FIELDS.includes(text.toLowerCase()) && next !== undefined && !next.includes(":")) {
      terms.push({ kind: "field", field: text.toLowerCase(), value: next });
      i++;
    } else if (text.replace(/:$/, "") !== "") terms.push({ kind: "word", text: text.replace(/:$/, "") });
  }
  return terms;
}

/**
 * What a page says about terms that cannot be meant as they are; they are left out of `terms`.
 *
 * @param isKnown whether some run has a setting or a number of this name
 */
export function checkFilter(
  text: string,
  isKnown: (field: string) => boolean,
): { readonly terms: FilterTerm[]; readonly problems: string[] } {
  const problems: string[] = [];
  const terms = parseFilter(text).filter((term) => {
    const problem = term.kind === "field" ? problemOf(term.field, term.value, isKnown) : undefined;
    if (problem !== undefined) problems.push(problem);
    return problem === undefined;
  });
  for (const [, field] of text.matchAll(/(?:^|\s)([\w./-]+):(?=\s|$)/g)) {
    problems.push(`The term "${field}:" has no value: write ${field}:something`);
  }
  if ((text.match(/"/g)?.length ?? 0) % 2 === 1) {
    problems.push("A quotation mark is not closed; it ends with the filter");
  }
  return { terms, problems };
}

function problemOf(field: string, value: string, isKnown: (field: string) => boolean): string | undefined {
  if (!FIELDS.includes(field.toLowerCase()) && !isKnown(field)) {
    return `No run has "${field}"; the term ${field}:${value} is ignored`;
  }
  const [, operator, operand] = /^(>=|<=|>|<)(.*)$/s.exec(value) ?? [];
  if (operator !== undefined && (operand === "" || Number.isNaN(Number(operand)))) {
    return `Cannot compare ${field} with "${operand}": expected a number; the term is ignored`;
  }
}

/** Whether a run satisfies all terms. */
export function matchesFilter(run: FilteredRun, terms: readonly FilterTerm[]): boolean {
  return terms.every((term) => term.kind === "word" ? hasWord(run, term.text) : hasField(run, term));
}

function hasWord({ id, name, title, experiment, preset, device, status, tags, settings }: FilteredRun, word: string) {
  const texts = [id, name ?? "", title, experiment, preset, device, status, ...tags];
  const changed = Object.entries(settings ?? {}).map(([key, value]) => `${key}=${textOf(value)}`);
  return [...texts, ...changed].some((text) => text.toLowerCase().includes(word.toLowerCase()));
}

function hasField(run: FilteredRun, { field, value }: { readonly field: string; readonly value: string }): boolean {
  const name = field.toLowerCase();
  if (name === "tag") return run.tags.some((tag) => fits(tag, value));
  if (FIELDS.includes(name)) {
    const found = run[name as "id"] ?? "";
    return name === "name" ? fits(found === "" ? run.title : found, value) : fits(found, value);
  }
  return Object.entries(run.settings ?? {}).some(([key, setting]) =>
    (key === field || key.endsWith(`.${field}`)) && fits(setting, value)
  );
}

/** Numbers are equal or compared (`>64`, `<=1e-3`); text contains the value, in any case. */
function fits(found: unknown, value: string): boolean {
  const [, operator, operand] = /^(>=|<=|>|<|=)?(.*)$/s.exec(value)!;
  const number = operand === "" ? NaN : Number(operand);
  if (typeof found === "number" && !Number.isNaN(number)) {
    switch (operator) {
      case ">":
        return found > number;
      case "<":
        return found < number;
      case ">=":
        return found >= number;
      case "<=":
        return found <= number;
      default:
        return found === number;
    }
  }
  const text = textOf(found).toLowerCase();
  return operator === "=" ? text === operand!.toLowerCase() : text.includes(value.toLowerCase());
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "";
}

/** The settings of a configuration by key path; a list is one value. */
export function flatSettings(config: unknown, path = ""): Record<string, unknown> {
  if (typeof config !== "object" || config === null || Array.isArray(config)) return { [path]: config };
  return Object.assign(
    {},
    ...Object.entries(config).map(([key, value]) => flatSettings(value, path === "" ? key : `${path}.${key}`)),
  );
}
