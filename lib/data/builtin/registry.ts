// All built-in domains.
import type { BuiltinDomain } from "./domain.ts";
import { TEXT_LICENSES } from "./packages.ts";
import { arithmetic } from "./domains/arithmetic.ts";
import { code } from "./domains/code.ts";
import { compiler } from "./domains/compiler.ts";
import { crosslingual } from "./domains/crosslingual.ts";
import { declarations } from "./domains/declarations.ts";
import { english } from "./domains/english.ts";
import { math } from "./domains/math.ts";
import { messages } from "./domains/messages.ts";
import { multilingual } from "./domains/multilingual.ts";
import { novel } from "./domains/novel.ts";
import { rights } from "./domains/rights.ts";
import { speeches } from "./domains/speeches.ts";

/** The domains of an experiment that names none, in the order of tables and gates. */
const BROAD: readonly BuiltinDomain[] = [english, code, math, multilingual];

/** Narrower domains, each a part of a broad one's text. */
const PARTS: readonly BuiltinDomain[] = [
  speeches,
  novel,
  compiler,
  declarations,
  arithmetic,
  crosslingual,
  messages,
  rights,
];

/** All built-in domains, broad ones first. */
export const BUILTIN: readonly BuiltinDomain[] = [...BROAD, ...PARTS];

/** Names of the default domains. */
export const DOMAINS: readonly string[] = BROAD.map(({ name }) => name);

/** Names of all built-in domains. */
export const builtinNames: readonly string[] = BUILTIN.map(({ name }) => name);

/** Where a built-in domain's text is from, in words; undefined for other domains. */
export function builtinSource(
  name: string,
): { readonly text: string; readonly license: string; readonly languages: readonly string[] } | undefined {
  const domain = builtinDomain(name);
  if (domain === undefined) return undefined;
  const { about, packages, languages } = domain;
  const from = packages.length === 0 ? "" : ` (from npm: ${packages.join(", ")})`;
  const licenses = [...new Set(packages.map((one) => TEXT_LICENSES[one]))];
  return { text: `${about}${from}`, license: licenses.join("; ") || "none, it is generated", languages };
}

/** A built-in domain by its name. */
export function builtinDomain(name: string): BuiltinDomain | undefined {
  return BUILTIN.find((one) => one.name === name);
}
