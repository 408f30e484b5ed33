// The datamix of an expert.
import type { BtsConfig } from "./config.ts";

/** The datamix of an expert: its own domain, and for the rest the seed model's datamix. */
export function expertMix({ mix }: BtsConfig, domain: string): Readonly<Record<string, number>> {
  const total = Object.values(mix.seed).reduce((a, b) => a + b, 0);
  const own: Record<string, number> = {};
  for (const [name, weight] of Object.entries(mix.seed)) own[name] = (1 - mix.expertShare) * weight / total;
  own[domain] = (own[domain] ?? 0) + mix.expertShare;
  return own;
}
