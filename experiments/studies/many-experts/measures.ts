// The measures that the study of many experts adds to those of every run.
import type { MeasureInfo } from "../../../lib/run/mod.ts";

const score = { format: "number", section: "scores", chance: null, machineDependent: false } as const;

/** Bits per byte saved on the text of the experts' own domains. */
export const SAVED: MeasureInfo = {
  ...score,
  name: "own-saved",
  title: "bits per byte saved",
  table: "Bits per byte saved against the seed, on held-out documents of the domains that have an expert",
  digits: 3,
};
/** The effective number of models that lead at some token. */
export const LEADING: MeasureInfo = {
  ...score,
  name: "leading",
  title: "models that lead",
  table: "Effective number of models that the gates of the last stitch use, the seed included",
  digits: 1,
};
/** The effective number of models that are mixed at one token. */
export const MIXED: MeasureInfo = { ...LEADING, name: "mixed", title: "models mixed at a token" };
