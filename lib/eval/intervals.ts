// 95 % intervals: Wilson's for shares, the cluster bootstrap for bits per byte.
import { random } from "../random.ts";
import type { Estimate } from "../run/mod.ts";

/** 0.975 quantile of the standard normal. */
const Z = 1.959963984540054;

/**
 * A share with Wilson's 95 % score interval (Wilson 1927), which stays within 0 and 1 and does not collapse at either.
 *
 * @throws RangeError unless 0 ≤ `right` ≤ `samples` and `samples` ≥ 1
 */
export function wilsonInterval(right: number, samples: number): Estimate {
  if (!(samples >= 1 && right >= 0 && right <= samples)) throw new RangeError(`No share: ${right} of ${samples}`);
  const p = right / samples;
  const scale = 1 + Z ** 2 / samples;
  const centre = (p + Z ** 2 / (2 * samples)) / scale;
  const half = (Z / scale) * Math.sqrt(p * (1 - p) / samples + Z ** 2 / (4 * samples ** 2));
  return { value: p, low: right === 0 ? 0 : centre - half, high: right === samples ? 1 : centre + half, samples };
}

/** What each document of a domain cost a model: the data that bits per byte are made of. */
export interface DocumentLosses {
  /** Negative log-likelihood of each document's scored text, in nats. */
  readonly nll: Float64Array;
  /** UTF-8 bytes of that text. */
  readonly bytes: Float64Array;
}

/** How the bootstrap draws. */
export interface BootstrapOptions {
  /** @default 0 */
  readonly seed?: number;
  /** @default 2000 */
  readonly resamples?: number;
}

/** Σ nll / (ln 2 · Σ bytes). */
export function ratio({ nll, bytes }: DocumentLosses): number {
  return sumOf(nll) / (Math.LN2 * sumOf(bytes));
}

/**
 * Bits per byte, averaged over domains with equal weight, with a 95 % percentile interval of the cluster bootstrap:
 * whole documents are drawn again, with replacement, within each domain. With a single document the interval is a point.
 *
 * @param domains at least one, each with at least one document
 */
export function bootstrapBitsPerByte(domains: readonly DocumentLosses[], options: BootstrapOptions = {}): Estimate {
  return bootstrap(domains, [1], options, (domain) => [domain]);
}

/**
 * `a − b` in bits per byte, averaged over domains with equal weight, of two models on the same documents. Both are
 * drawn together, so what makes a document hard for either cancels out: the interval is far narrower than the two apart.
 *
 * @throws RangeError when the documents are not the same
 */
export function pairedDifference(
  a: readonly DocumentLosses[],
  b: readonly DocumentLosses[],
  options: BootstrapOptions = {},
): Estimate {
  const same = a.length === b.length && a.every(({ bytes }, i) => bytes.join() === b[i]!.bytes.join());
  if (!same) throw new RangeError("Cannot pair two models that were scored on different documents");
  return bootstrap(a, [1, -1], options, (domain, i) => [domain, b[i]!]);
}

/** The interval of `Σ_m sign_m · mean over domains of ratio(model m)`, drawing documents once for all models. */
function bootstrap(
  domains: readonly DocumentLosses[],
  signs: readonly number[],
  { seed = 0, resamples = 2000 }: BootstrapOptions,
  modelsOf: (domain: DocumentLosses, i: number) => readonly DocumentLosses[],
): Estimate {
  if (domains.length === 0 || domains.some(({ bytes }) => bytes.length === 0)) {
    throw new RangeError("No bits per byte without documents");
  }
  const draws = new Float64Array(resamples);
  let value = 0;
  domains.forEach((domain, d) => {
    const models = modelsOf(domain, d);
    // Documents weigh in as Σ nll and Σ bytes of the draw; the bytes are the same for all models.
    const nll = domain.bytes.map((_, i) => signs.reduce((sum, sign, m) => sum + sign * models[m]!.nll[i]!, 0));
    value += ratio({ nll, bytes: domain.bytes }) / domains.length;
    const { int } = random(seed, "bootstrap", d);
    const count = domain.bytes.length;
    for (let r = 0; r < resamples; r++) {
      let [nats, bytes] = [0, 0];
      for (let i = 0; i < count; i++) {
        const drawn = int(count);
        nats += nll[drawn]!;
        bytes += domain.bytes[drawn]!;
      }
      draws[r]! += nats / (Math.LN2 * bytes) / domains.length;
    }
  });
  draws.sort();
  const at = (share: number) => draws[Math.round(share * (resamples - 1))]!;
  const samples = domains.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return { value, low: at(0.025), high: at(0.975), samples };
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
