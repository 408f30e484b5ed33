// Whether there is enough held-out text to know how sure a gain is.
import { UserError } from "../../lib/errors.ts";
import { enoughDocuments, FEWEST_DOCUMENTS } from "../../lib/run/mod.ts";
import type { RankConfig } from "./config.ts";

/**
 * Checks that enough windows of held-out text are scored.
 *
 * @throws UserError `rank.tokens`
 */
export function checkTokens({ eval: { tokens }, model: { contextLength } }: RankConfig): void {
  const least = FEWEST_DOCUMENTS * contextLength;
  if (tokens >= least) return;
  throw new UserError(
    "rank.tokens",
    `eval.tokens ${tokens} is too small to know how sure a gain is: ${FEWEST_DOCUMENTS} documents of model.contextLength ` +
      `${contextLength} tokens take ${least}`,
    `set eval.tokens to ${least} or more`,
  );
}

/**
 * Checks that a candidate has enough held-out documents.
 *
 * @param sizes of its held-out documents, in any unit
 * @throws UserError `rank.documents`
 */
export function checkDocuments(domain: string, sizes: readonly number[]): void {
  if (sizes.length > 0 && enoughDocuments(Float64Array.from(sizes))) return;
  throw new UserError(
    "rank.documents",
    `Cannot rank ${domain}: it has ${sizes.length} held-out documents, and it takes at least ${FEWEST_DOCUMENTS} of ` +
      "similar length, or more of different lengths, to know how sure its gain is",
    "add documents (a tenth is held out), raise data.heldoutBytes, or leave it out of experts",
  );
}
