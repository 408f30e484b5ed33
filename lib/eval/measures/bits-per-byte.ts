// Bits per byte of held-out text: the measure that methods are compared by.
import {
  bootstrapBitsPerByte,
  type BootstrapOptions,
  type DocumentLosses,
  type DocumentsEstimate,
  MEAN,
  type Measurement,
} from "../../run/mod.ts";
import type { Found, Measure } from "./measure.ts";

/** Σ nll / (ln 2 · Σ bytes) on each domain, and the unweighted mean over domains. Samples are documents. */
export const bitsPerByte: Measure = {
  name: "bpb",
  title: "bits per byte",
  table: "Held-out bits per byte",
  format: "number",
  digits: 3,
  section: "scores",
  better: "lower",
  chance: null,
  machineDependent: false,
  groups: "domains",
  measure: ({ heldOut, bootstrap }) => foundIn(heldOut, bootstrap),
};

/** The measurements of a method whose losses are known, by domain. */
export function bitsPerByteOf(losses: Readonly<Record<string, DocumentLosses>>): Measurement[] {
  const { name, better } = bitsPerByte;
  return foundIn(losses).map((found) => ({ name, ...found, better }));
}

function foundIn(losses: Readonly<Record<string, DocumentLosses>>, bootstrap: BootstrapOptions = {}): Found[] {
  return [
    ...Object.entries(losses).map(([domain, documents]) =>
      foundOf(domain, bootstrapBitsPerByte([documents], bootstrap))
    ),
    foundOf(MEAN, bootstrapBitsPerByte(Object.values(losses), bootstrap)),
  ];
}

function foundOf(group: string, { value, low, high, samples }: DocumentsEstimate): Found {
  return { group, value, interval: low === null || high === null ? null : [low, high], samples };
}
