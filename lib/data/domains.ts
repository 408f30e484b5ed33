// Which domains a run has: reads the several ways to name them into one map from name to source.
import type { z } from "zod";
import { attempt, nearest } from "../errors.ts";
import { METHOD_NAMES } from "../methods.ts";
import { type BuiltinTask, type QuestionLevel, taskAt } from "./builtin/domain.ts";
import { builtinDomain, builtinNames, DOMAINS } from "./builtin/registry.ts";

/** The source of a built-in domain; any other one is a path or glob. */
export const BUILTIN_SOURCE = "builtin";

/** Longest name of a domain: it becomes part of file names. */
const LONGEST_NAME = 64;

/** Words that stand for something else where the name of a domain may be. */
const RESERVED: readonly string[] = [
  "mean",
  "expert",
  "hub",
  "method",
  "model",
  "domain",
  "all",
  "none",
  BUILTIN_SOURCE,
];

/** Domains as given. */
interface Given {
  readonly domains?: readonly string[] | Readonly<Record<string, string>> | undefined;
  readonly builtin?: "all" | "none" | undefined;
  readonly tasks: Readonly<Record<string, string>>;
  readonly english?: string | undefined;
  readonly code?: string | undefined;
  readonly math?: string | undefined;
  readonly multilingual?: string | undefined;
}

/** The domains of a run. */
interface Named {
  /** Every domain with its source, `builtin` or a path or glob, in the order of tables. */
  readonly domains: Readonly<Record<string, string>>;
  /** Only if no domain is built in. */
  readonly builtin?: "none";
}

/** Settings with the domains read into one form. */
export type WithDomains<Data> = Omit<Data, "domains" | "builtin" | (typeof FORMER)[number]> & Named;

/** A mistake, with its place. */
class NameError extends Error {
  constructor(readonly path: readonly string[], message: string) {
    super(message);
  }
}

/**
 * Reads the settings that name domains. What is read may be read again, with the same result.
 *
 * @param context receives the first mistake
 */
export function readDomains<Data extends Given>(
  data: Data,
  context: z.RefinementCtx,
): WithDomains<Data> {
  const { domains, builtin, english, code, math, multilingual, ...rest } = data;
  try {
    const read = namedDomains({ domains, builtin, tasks: rest.tasks, english, code, math, multilingual });
    return { ...read, ...rest };
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    context.addIssue({ code: "custom", message: error.message, path: [...error.path] });
    return { domains: {}, ...rest };
  }
}

/** Settings that used to name the own text of a built-in domain. */
const FORMER = ["english", "code", "math", "multilingual"] as const;

function namedDomains(given: Given): Named {
  const listed = given.domains ?? {};
  const names = Array.isArray(listed) ? listed as readonly string[] : Object.keys(listed);
  const sources: Readonly<Record<string, string>> = Array.isArray(listed)
    ? Object.fromEntries(names.map((name) => [name, BUILTIN_SOURCE]))
    : listed as Readonly<Record<string, string>>;
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new NameError(["domains"], `it names "${twice}" twice`);
  for (const name of names) {
    checkName(name, sources[name]!, Array.isArray(listed) ? ["domains"] : ["domains", name]);
  }
  const alike = names.find((name, i) => names.findIndex((other) => sameButCase(other, name)) !== i);
  if (alike !== undefined) {
    const other = names.find((other) => sameButCase(other, alike))!;
    throw new NameError(
      ["domains", alike],
      `"${other}" and "${alike}" differ only in case or Unicode form, so their files could have the same name`,
    );
  }

  // Naming built-in domains chooses them; otherwise the default ones are beside the user's own.
  const chosen = Array.isArray(listed) || given.builtin === "none" || Object.values(sources).includes(BUILTIN_SOURCE);
  const beside = chosen ? {} : Object.fromEntries(DOMAINS.map((name) => [name, BUILTIN_SOURCE]));
  const domains: Record<string, string> = { ...beside, ...sources };
  for (const name of FORMER) {
    const source = given[name];
    // An older configuration has all of these, for domains in use or not.
    if (source === undefined || source === BUILTIN_SOURCE) continue;
    const other = sources[name];
    if (other !== undefined && other !== BUILTIN_SOURCE && other !== source) {
      throw new NameError([name], `data.domains.${name} is the same setting, and has another value`);
    }
    if (Array.isArray(listed) && other === undefined) {
      throw new NameError([name], `data.domains does not list ${name}, so this text would not be used`);
    }
    domains[name] = source;
  }
  const all = Object.keys(domains);
  if (all.length === 0) {
    const at = given.builtin === "none" ? "builtin" : "domains";
    throw new NameError([at], "there are no domains: name your own, such as data.domains.law='laws/*.txt'");
  }
  for (const name of Object.keys(given.tasks)) {
    if (Object.hasOwn(domains, name)) continue;
    const meant = nearest(name, all);
    throw new NameError(
      ["tasks", name],
      `there is no domain "${name}": the domains are ${all.join(", ")}${
        meant === undefined ? "" : `; did you mean "${meant}"?`
      }`,
    );
  }
  return Object.values(domains).includes(BUILTIN_SOURCE) ? { domains } : { domains, builtin: "none" };
}

/** Whether a domain with text of its own may have this name. */
export function isDomainName(name: string): boolean {
  return attempt(() => checkName(name, name, [])) !== undefined;
}

/** @throws NameError for a name that cannot be a domain's, and for a built-in domain that there is not */
function checkName(name: string, source: string, path: readonly string[]): true {
  const refuse = (why: string) => new NameError(path, why);
  // Some scripts write vowels as marks on letters.
  if (!/^[\p{L}\p{N}_-][\p{L}\p{M}\p{N}_-]*$/u.test(name)) {
    throw refuse(`"${name}" is not a name for a domain: use only letters, digits, "-" and "_"`);
  }
  if (name.length > LONGEST_NAME) throw refuse(`a name for a domain has at most ${LONGEST_NAME} characters`);
  if (METHOD_NAMES.includes(name.toLowerCase())) {
    throw refuse(`"${name}" is the name of a method; choose another name for the domain`);
  }
  if (RESERVED.includes(name.toLowerCase()) || name in {}) {
    throw refuse(`"${name}" is a reserved word; choose another name for the domain`);
  }
  if (source === BUILTIN_SOURCE && builtinDomain(name) === undefined) {
    const meant = nearest(name, builtinNames);
    throw refuse(
      `there is no built-in domain "${name}": they are ${builtinNames.join(", ")}${
        meant === undefined
          ? `; text of your own needs its files, such as data.domains.${name}='${name}/*.txt'`
          : `; did you mean "${meant}"?`
      }`,
    );
  }
  return true;
}

function sameButCase(a: string, b: string): boolean {
  return a.normalize("NFC").toLowerCase() === b.normalize("NFC").toLowerCase();
}

/** A task that a run with these settings measures. */
export interface NamedTask extends Pick<BuiltinTask, "name" | "limit" | "tokens"> {
  readonly domain: string;
  /** Undefined for the user's own, whose file tells. */
  readonly kind: "choice" | "generation" | undefined;
}

/** The name of the user's task of a domain. */
export function ownTaskName(domain: string): string {
  return `${domain}-questions`;
}

/** The tasks of the domains in use; two parts of a domain may share one. */
export function namedTasks(
  { domains, tasks, questions }: {
    readonly domains: Named["domains"];
    readonly tasks: Given["tasks"];
    readonly questions: QuestionLevel;
  },
): NamedTask[] {
  const found = new Map<string, NamedTask>();
  for (const [domain, source] of Object.entries(domains)) {
    const builtin = source === BUILTIN_SOURCE ? builtinDomain(domain) : undefined;
    const task = builtin && taskAt(builtin, questions);
    if (task !== undefined && !found.has(task.name)) found.set(task.name, { ...task, domain });
    if (Object.hasOwn(tasks, domain)) {
      found.set(ownTaskName(domain), { name: ownTaskName(domain), domain, kind: undefined });
    }
  }
  return [...found.values()];
}
