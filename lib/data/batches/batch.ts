// The batch of a training step: a pure function of the seed and the step, so training can resume anywhere.
import { z } from "zod";
import { nearest, UserError } from "../../errors.ts";
import { hash32, random } from "../../random.ts";
import { permute } from "./permute.ts";
import type { Batch, TokenStream } from "../types.ts";
import type { DatamixSchema } from "../inferred-types.ts";

/** Weights over domains, relative to one another. */
export const datamixSchema: DatamixSchema = z.record(z.string(), z.number().nonnegative())
  .describe("weights of the domains in the training text, relative to one another");

export type Datamix = z.infer<typeof datamixSchema>;

/** Domains are dealt to rows in blocks of this many. Each block has the exact shares of the datamix (to one row). */
const BLOCK = 1024;

/** Selects a batch. */
export interface BatchChoice {
  readonly seed: number;
  /** From 0. */
  readonly step: number;
  /** Rows per batch. */
  readonly batch: number;
  /** Tokens per row. */
  readonly time: number;
}

/**
 * The batch of a step. Row `step * batch + i` of the run is assigned a domain and the next window of that domain.
 *
 * Windows tile the domain's token stream, which wraps around. Their order and the start of the tiling are random and
 * change every epoch. So an epoch shows every token once (uniformly random offsets would miss a third of them), a row may
 * start in the middle of a document, and a stream shorter than a row repeats. There is no state between calls.
 *
 * @param streams by domain
 * @param datamix weights over the streams' domains; domains left out have weight 0
 * @throws UserError for a datamix that names an unknown or empty domain, or sums to zero
 *
 * @example
 * ```ts
 * import { batchAt, openTokenizer, tokenizeDocuments, trainTokenizer } from "@stitchbook/stitchbook/data";
 * import assert from "node:assert/strict";
 *
 * const tokenizer = openTokenizer(trainTokenizer([], { vocabSize: 257 }));
 * const streams = { poems: tokenizeDocuments([{ text: "so much depends upon" }], tokenizer) };
 * const batch = batchAt(streams, { poems: 1 }, { seed: 1, step: 0, batch: 2, time: 8 });
 * assert.equal(batch.inputs.length, 2 * 8);
 * assert.equal(batch.inputs[1], batch.targets[0]); // the target is the next token
 * ```
 */
export function batchAt(
  streams: Readonly<Record<string, TokenStream>>,
  datamix: Datamix,
  { seed, step, batch, time }: BatchChoice,
): Batch {
  const shares = normalizeDatamix(datamix, Object.keys(streams));
  const deal = dealer(shares, seed);
  const result = {
    batch,
    time,
    inputs: new Int32Array(batch * time),
    targets: new Int32Array(batch * time),
    documents: new Int32Array(batch * time),
  };
  for (let row = 0; row < batch; row++) {
    const { domain, turn } = deal(step * batch + row);
    const stream = streams[domain]!;
    if (stream.length === 0) {
      throw new UserError("data.empty-domain", `The domain "${domain}" has no tokens, but the datamix draws from it`);
    }
    fillRow(result, row, stream, windowStart(stream.length, time, turn, seed, domain));
  }
  return result;
}

/** The share of a batch's targets that are trained on. */
export function scoredShare({ targets }: Pick<Batch, "targets">): number {
  let scored = 0;
  for (const target of targets) if (target >= 0) scored++;
  return scored / targets.length;
}

/**
 * The datamix as shares that sum to 1, in the order of `domains`, without those of weight 0.
 *
 * @param setting the setting that holds it, such as `mix.seed`, for messages
 * @throws UserError for an unknown domain, a weight that is negative or not finite, or a sum of zero
 *
 * @example
 * ```ts
 * import { normalizeDatamix } from "@stitchbook/stitchbook/data";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(normalizeDatamix({ code: 3, math: 1 }, ["english", "code", "math"]), { code: 0.75, math: 0.25 });
 * ```
 */
export function normalizeDatamix(
  datamix: Datamix,
  domains: readonly string[],
  setting?: string,
): Record<string, number> {
  const name = setting ?? "The datamix";
  const equal = JSON.stringify(Object.fromEntries(domains.map((domain) => [domain, 1])));
  const remedy = setting === undefined
    ? `Give weights such as ${equal}`
    : `Set it, such as --set '${setting}=${equal}'`;
  for (const [domain, weight] of Object.entries(datamix)) {
    if (!domains.includes(domain)) {
      const meant = nearest(domain, domains);
      throw new UserError(
        "datamix.unknown-domain",
        `${name} names the unknown domain "${domain}": the domains are ${domains.join(", ")}`,
        meant === undefined ? remedy : `Did you mean "${meant}"? ${remedy}`,
      );
    }
    if (!Number.isFinite(weight) || weight < 0) {
      throw new UserError("datamix.weight", `${name} gives "${domain}" the weight ${weight}: it must be 0 or more`);
    }
  }
  const total = domains.reduce((sum, domain) => sum + (datamix[domain] ?? 0), 0);
  if (!(total > 0) || !Number.isFinite(total)) {
    const sum = total > 0 ? "infinity" : "zero: at least one domain needs a weight";
    throw new UserError("datamix.empty", `${name} sums to ${sum}`, remedy);
  }
  const used = domains.filter((domain) => (datamix[domain] ?? 0) > 0);
  return Object.fromEntries(used.map((domain) => [domain, datamix[domain]! / total]));
}

/** Maps a row of the run to its domain and to the number of earlier rows of that domain. */
function dealer(shares: Readonly<Record<string, number>>, seed: number) {
  const domains = Object.keys(shares);
  const counts = apportion(domains.map((domain) => shares[domain]!));
  const sorted = domains.flatMap((domain, i) => new Array<string>(counts[i]!).fill(domain));
  let current = -1;
  let block: readonly string[] = [];
  return (row: number): { domain: string; turn: number } => {
    const index = Math.floor(row / BLOCK);
    if (index !== current) {
      current = index;
      block = domains.length === 1 ? sorted : random(seed, "deal", index).shuffle(sorted);
    }
    const place = row - index * BLOCK;
    const domain = block[place]!;
    let before = 0;
    for (let i = 0; i < place; i++) if (block[i] === domain) before++;
    return { domain, turn: index * counts[domains.indexOf(domain)]! + before };
  };
}

/** Divides `BLOCK` rows by the largest-remainder method; every nonzero share gets at least one row. */
function apportion(shares: readonly number[]): number[] {
  const counts = shares.map((share) => Math.max(1, Math.floor(share * BLOCK)));
  const left = () => BLOCK - counts.reduce((sum, count) => sum + count, 0);
  while (left() !== 0) {
    const up = left() > 0;
    const gaps = shares.map((share, i) => (share * BLOCK - counts[i]!) * (up ? 1 : -1));
    const candidates = gaps.map((gap, i) => up || counts[i]! > 1 ? gap : -Infinity);
    const best = candidates.indexOf(Math.max(...candidates));
    counts[best]! += up ? 1 : -1;
  }
  return counts;
}

/** Where the `turn`-th window of a domain starts in its stream of `length` tokens. */
function windowStart(length: number, time: number, turn: number, seed: number, domain: string): number {
  const windows = Math.ceil(length / time);
  const epoch = Math.floor(turn / windows);
  const window = permute(turn % windows, windows, (round, half) => hash32(seed, domain, epoch, round, half));
  const shift = hash32(seed, domain, epoch, "shift") % length;
  return (shift + window * time) % length;
}

function fillRow(batch: Batch, row: number, stream: TokenStream, start: number): void {
  const { time } = batch;
  const tokens = new Int32Array(time + 1);
  const eachPart = (what: "copy" | "hideUnscored") => {
    for (let done = 0, position = start; done <= time; position = 0) {
      const count = Math.min(stream.length - position, time + 1 - done);
      stream[what](position, tokens.subarray(done, done + count));
      done += count;
    }
  };
  eachPart("copy");
  batch.inputs.set(tokens.subarray(0, time), row * time);
  eachPart("hideUnscored");
  batch.targets.set(tokens.subarray(1), row * time);
  let position = start;
  let next = stream.nextStart(position);
  let document = 0;
  for (let i = 0; i < time; i++) {
    batch.documents[row * time + i] = document;
    position++;
    if (position === stream.length) [position, next] = [0, stream.nextStart(-1)];
    if (position === next) {
      document++;
      next = stream.nextStart(position);
    }
  }
}
