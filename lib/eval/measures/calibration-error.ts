// Expected calibration error of next-token predictions (Guo et al. 2017, arXiv 1706.04599, section 2).
import { random } from "../../random.ts";
import { type BootstrapOptions, enoughDocuments, MEAN } from "../../run/mod.ts";
import type { DocumentPredictions, HeldOut } from "../bits-per-byte.ts";
import type { Found, Measure } from "./measure.ts";

/** Bins of equal width over the confidence. */
export const CALIBRATION_BINS = 15;

/**
 * How far a method's confidence in its most likely next token is from how often that token comes, on each domain, and
 * the unweighted mean over domains. Samples are documents. A method whose predictions are not known has none.
 */
export const calibrationError: Measure = {
  name: "calibration-error",
  title: "calibration error",
  table: "Calibration error of next-token predictions, percent",
  format: "percent",
  digits: 1,
  section: "scores",
  better: "lower",
  chance: null,
  machineDependent: false,
  groups: "domains",
  measure({ heldOut, bootstrap }) {
    const tallies = Object.entries(heldOut).flatMap(([domain, { predictions }]: [string, HeldOut]) =>
      predictions === undefined ? [] : [[domain, predictions.map(tally)] as const]
    );
    if (tallies.length < Object.keys(heldOut).length) return [];
    return [
      ...tallies.map(([domain, documents]) => estimate(domain, [documents], bootstrap)),
      estimate(MEAN, tallies.map(([, documents]) => documents), bootstrap),
    ];
  },
};

/** What a document adds to the error. */
interface Tally {
  /** Σ (right − confidence) over the tokens in each bin. */
  readonly gaps: Float64Array;
  readonly tokens: number;
}

function tally({ confidence, right }: DocumentPredictions): Tally {
  const gaps = new Float64Array(CALIBRATION_BINS);
  for (const [t, sure] of confidence.entries()) {
    // Bin m holds the confidences in ((m − 1) / M, m / M].
    const bin = Math.min(CALIBRATION_BINS, Math.max(1, Math.ceil(sure * CALIBRATION_BINS))) - 1;
    gaps[bin]! += right[t]! - sure;
  }
  return { gaps, tokens: confidence.length };
}

/**
 * Σ_m (tokens in bin m / all tokens) · |accuracy in bin m − mean confidence in bin m|, which is
 * Σ_m |Σ (right − confidence)| / all tokens.
 *
 * @param chosen indices of the documents, possibly repeated
 */
function errorOf(documents: readonly Tally[], chosen: Iterable<number>): number {
  const sums = new Float64Array(CALIBRATION_BINS);
  let tokens = 0;
  for (const at of chosen) {
    const document = documents[at]!;
    tokens += document.tokens;
    for (let bin = 0; bin < CALIBRATION_BINS; bin++) sums[bin]! += document.gaps[bin]!;
  }
  return sums.reduce((sum, gap) => sum + Math.abs(gap), 0) / tokens;
}

/**
 * The error, averaged over domains, with the 95 % interval of the basic bootstrap over documents: whole documents are
 * drawn within each domain. Noise makes the estimate too large, and the error of a drawn sample too large again by about
 * as much; the basic interval, [2 θ − θ*(0.975), 2 θ − θ*(0.025)], takes that off (Davison and Hinkley 1997, section 5.2).
 */
function estimate(
  group: string,
  domains: readonly (readonly Tally[])[],
  { seed = 0, resamples = 2000 }: BootstrapOptions,
): Found {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const value = mean(domains.map((documents) => errorOf(documents, documents.keys())));
  const samples = domains.reduce((sum, { length }) => sum + length, 0);
  const enough = domains.every((documents) => enoughDocuments(Float64Array.from(documents, ({ tokens }) => tokens)));
  if (!enough) return { group, value, interval: null, samples };
  const drawn = new Float64Array(resamples);
  for (const [d, documents] of domains.entries()) {
    const { int } = random(seed, "calibration", d);
    const chosen = new Uint32Array(documents.length);
    for (let r = 0; r < resamples; r++) {
      for (let i = 0; i < chosen.length; i++) chosen[i] = int(documents.length);
      drawn[r]! += errorOf(documents, chosen) / domains.length;
    }
  }
  drawn.sort();
  const tail = Math.max(0, Math.round(0.025 * (resamples + 1)) - 1);
  const within = (x: number) => Math.min(1, Math.max(0, x));
  const interval: Found["interval"] = [
    within(2 * value - drawn[resamples - 1 - tail]!),
    within(2 * value - drawn[tail]!),
  ];
  return { group, value, interval, samples };
}
