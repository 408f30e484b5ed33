// Colors of domains: those that a run gives to their experts.
import { methodColors } from "../methods.ts";

/** The color of each domain. */
export function expertColors(names: readonly string[]): string[] {
  const methods = names.map((name) => `expert:${name}`);
  const colors = methodColors(methods);
  return methods.map((method) => colors.get(method)!);
}
