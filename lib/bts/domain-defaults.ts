// Defaults of the settings that depend on the domains: the experts, and the datamixes.
import { BUILTIN_SOURCE, dataConfigSchema, DOMAINS } from "../data/mod.ts";
import type { DependentDefaults } from "../run/mod.ts";

/** The datamixes of the four default domains alone. */
export const DEFAULT_MIX = {
  seed: { english: 0.4, code: 0.2, math: 0.2, multilingual: 0.2 },
  stitch: { english: 0.25, code: 0.25, math: 0.25, multilingual: 0.25 },
} as const;
const EXPERTS: readonly string[] = ["code", "math", "multilingual"];

/**
 * Experts: the user's own domains; without any, those of code, math and multilingual that are in use, or else all domains.
 * Datamixes: equal shares of all domains; for the four default domains alone, the seed sees twice as much English.
 */
export const domainDefaults: DependentDefaults = ({ data }) => {
  const read = dataConfigSchema.safeParse(data ?? {});
  // Mistakes in the settings of the data are reported where they are; nothing is added to them.
  const sources = read.success ? read.data.domains : {};
  const names = read.success ? Object.keys(sources) : DOMAINS;
  // Own text in place of a default domain's does not make it another domain.
  const own = Object.keys(sources).filter((name) => sources[name] !== BUILTIN_SOURCE && !DOMAINS.includes(name));
  const usual = EXPERTS.filter((name) => names.includes(name));
  const experts = own.length > 0 ? own : usual.length > 0 ? usual : names;
  const isDefault = names.length === DOMAINS.length && names.every((name) => DOMAINS.includes(name));
  const equal = Object.fromEntries(names.map((name) => [name, 1]));
  return { experts, mix: isDefault ? DEFAULT_MIX : { seed: equal, stitch: equal } };
};
