// Drawing few-shot examples as the harness's samplers do, in its order.
import { UserError } from "../errors.ts";
import type { TaskConfig } from "./config.ts";
import type { TaskDocument } from "./documents.ts";
import { pythonRandom } from "./python-random.ts";

/** The harness's seed of few-shot examples (`--seed`, fourth number). */
export const FEWSHOT_SEED = 1234;

/** Returns the examples of a document; called for one document after another, as the random numbers go on. */
export type Sampler = (document: TaskDocument) => readonly TaskDocument[];

/**
 * @param pool the documents to draw from
 * @param excludes whether a document may be among the pool, and is not an example of itself
 */
export function fewshotSampler(
  { fewshot: { count, sampler }, name, file }: TaskConfig,
  pool: readonly TaskDocument[],
  excludes: boolean,
): Sampler {
  if (count === 0) return () => [];
  const content = new Map(pool.map((document) => [document, JSON.stringify(document.fields)]));
  const others = (list: readonly TaskDocument[], { fields }: TaskDocument) => {
    const own = JSON.stringify(fields);
    return list.filter((one) => content.get(one) !== own);
  };
  const tooFew = (there: number, wanted: number) =>
    new UserError(
      "harness.fewshot",
      `${file.place("num_fewshot")}: ${name} has ${there} documents to draw examples from, but ${wanted} are drawn` +
        (wanted > count ? ", one of which may be the question itself" : ""),
      "lower num_fewshot, or name a larger split with fewshot_split",
    );
  if (sampler === "first_n") {
    return (document) => {
      const left = excludes ? others(pool, document) : pool;
      if (left.length < count) throw tooFew(left.length, count);
      return left.slice(0, count);
    };
  }
  const random = pythonRandom(FEWSHOT_SEED);
  const draw = (list: readonly TaskDocument[], wanted: number) => {
    if (list.length < wanted) throw tooFew(list.length, wanted);
    return random.sample(list, wanted);
  };
  return (document) => {
    if (!excludes) return draw(pool, count);
    const drawn = others(draw(pool, count + 1), document).slice(0, count);
    // Copies of the question were drawn, too.
    return drawn.length === count ? drawn : draw(others(pool, document), count);
  };
}
