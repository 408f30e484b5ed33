// What the last word of a filter could become. Pure.
import type { TableNames } from "../../schemas.ts";

/** A completion: what is offered, a remark, and the whole filter with it. */
export interface Completion {
  readonly text: string;
  readonly detail: string;
  readonly filter: string;
}

const MOST = 10;

/** Completions of a filter's last word: names, and after a name and a colon its values. */
export function completions(names: TableNames["names"], filter: string): Completion[] {
  const [, before, word] = /^(.*?)(\S*)$/s.exec(filter)!;
  if (word === "") return [];
  const [, field, typed] = /^([^:]+):(.*)$/s.exec(word!) ?? [];
  if (field === undefined) {
    return ranked(names.map(({ name }) => name), word!).map((name) => ({
      text: `${name}:`,
      detail: names.find((one) => one.name === name)!.values.slice(0, 3).join(", ").slice(0, 40),
      filter: `${before}${name}:`,
    }));
  }
  const values = names.find(({ name }) => name === field)?.values ??
    names.find(({ name }) => name.endsWith(`.${field}`))?.values ?? [];
  return ranked(values, typed!).filter((value) => value !== typed).map((value) => ({
    text: value,
    detail: field,
    filter: `${before}${field}:${/[\s"]/.test(value) ? `"${value.replaceAll('"', "")}"` : value} `,
  }));
}

/** Those that begin with the text, then those of which a part begins with it, then those that contain it. */
function ranked(all: readonly string[], text: string): string[] {
  const wanted = text.toLowerCase();
  const rank = (name: string) => {
    const lower = name.toLowerCase();
    if (lower.startsWith(wanted)) return 0;
    if (lower.split(/[./]/).some((part) => part.startsWith(wanted))) return 1;
    return lower.includes(wanted) ? 2 : 3;
  };
  const found = all.map((name) => ({ name, rank: rank(name) })).filter(({ rank }) => rank < 3);
  return found.sort((a, b) => a.rank - b.rank).slice(0, MOST).map(({ name }) => name);
}
