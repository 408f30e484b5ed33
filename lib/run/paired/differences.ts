// Differences between two methods, of one run or of two, paired by the documents and questions that both were measured on.
import type { MethodResult } from "../events/results.ts";
import { HEADLINE, MEAN, placeName, valueOf } from "../view/mod.ts";
import { type DocumentLosses, pairedDifference, pairedShareDifference } from "./intervals.ts";
import type { KeptScores } from "./kept-scores.ts";

/** A method's results with what was kept of it, which gives exactly these. */
export interface ScoredMethod {
  readonly results: MethodResult;
  readonly kept: KeptScores;
}

/** `a − b` over the same documents or questions. */
export interface PairedDifference {
  readonly value: number;
  /** The 95 % interval; null if there are too few documents. */
  readonly interval: readonly [low: number, high: number] | null;
  /** Documents or questions. */
  readonly samples: number;
}

/**
 * What was kept of a method: the most that gives its results, under its own name or, as experiments rename methods,
 * another. So no scores count that the results are not made of, such as those from before an evaluation that replaced
 * them.
 */
export function scoredMethod(
  name: string,
  results: MethodResult,
  kept: readonly KeptScores[],
): ScoredMethod | undefined {
  const rank = (one: KeptScores) => placesOf(one).length + (one.method === name ? 0.5 : 0);
  const [best] = kept.filter((one) => gives(one, results)).sort((a, b) => rank(b) - rank(a));
  return best && { results, kept: best };
}

/** The places of results that scores are of, with the values that they give. */
function placesOf({ losses, answers }: KeptScores) {
  return [
    ...Object.entries(losses).map(([domain, one]) => ({ place: onDomain(domain), value: bitsPerByte(one) })),
    ...Object.entries(answers).map(([name, all]) => ({
      place: { name, group: "" },
      value: all.filter(Boolean).length / all.length,
    })),
  ];
}

/** Whether scores give results, to rounding: at least one of them, and every one that they are of. */
function gives(scores: KeptScores, results: MethodResult): boolean {
  const places = placesOf(scores);
  return places.length > 0 && places.every(({ place, value }) => {
    const made = valueOf(results, place);
    return made !== undefined && Math.abs(made - value) <= 1e-9 * Math.max(1, Math.abs(made));
  });
}

const onDomain = (group: string) => ({ name: HEADLINE.name, group });

function bitsPerByte({ nll, bytes }: DocumentLosses): number {
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  return sum(nll) / (Math.LN2 * sum(bytes));
}

/** A result at which two methods can be paired. */
export interface PairedPlace {
  /** Documents that are drawn again and again for the interval; with many, that takes milliseconds. */
  readonly drawn: number;
  readonly compute: () => PairedDifference;
}

/** The places of results, as `bpb/code` or a task's name, at which two methods can be paired. */
export function pairedPlaces(a: ScoredMethod, b: ScoredMethod): Map<string, PairedPlace> {
  const places = new Map<string, PairedPlace>();
  const domains = Object.keys(a.kept.losses).filter((domain) => sameDocuments(a.kept, b.kept, domain));
  const bpb = (group: string, of: readonly string[]) => {
    const pick = ({ kept }: ScoredMethod) => of.map((domain) => kept.losses[domain]!);
    places.set(placeName(onDomain(group)), {
      drawn: pick(a).reduce((sum, { bytes }) => sum + bytes.length, 0),
      compute() {
        const { value, low, high, samples } = pairedDifference(pick(a), pick(b));
        return { value, interval: low === null || high === null ? null : [low, high], samples };
      },
    });
  };
  for (const domain of domains) bpb(domain, [domain]);
  const all = (one: ScoredMethod) => Object.keys(one.kept.losses).length;
  if (domains.length > 0 && domains.length === all(a) && domains.length === all(b)) bpb(MEAN, domains);
  for (const task of Object.keys(a.kept.answers)) {
    if (!sameQuestions(a.kept, b.kept, task)) continue;
    places.set(task, {
      drawn: 0,
      compute() {
        const { value, low, high, samples } = pairedShareDifference(a.kept.answers[task]!, b.kept.answers[task]!);
        return { value, interval: [low, high], samples };
      },
    });
  }
  return places;
}

/** Whether two methods were scored on the same text. Earlier versions kept only how long each document is. */
function sameDocuments(a: KeptScores, b: KeptScores, domain: string): boolean {
  const [x, y] = [own(a.losses, domain), own(b.losses, domain)];
  const [onA, onB] = [own(a.on.documents, domain), own(b.on.documents, domain)];
  return x !== undefined && y !== undefined && (onA === undefined || onB === undefined || onA === onB) &&
    x.bytes.length === y.bytes.length && x.bytes.every((size, i) => size === y.bytes[i]);
}

/** Whether two methods answered the same questions: those of one run did, and others if both say which they are. */
function sameQuestions(a: KeptScores, b: KeptScores, task: string): boolean {
  const [x, y] = [own(a.answers, task), own(b.answers, task)];
  const [onA, onB] = [own(a.on.questions, task), own(b.on.questions, task)];
  return x !== undefined && y !== undefined && x.length > 0 && x.length === y.length &&
    (a.run === b.run || (onA !== undefined && onA === onB));
}

const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;
