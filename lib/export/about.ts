// What a model of a run is, as a paragraph for its card.
import { type BaselineMethod, BASELINES } from "../baselines/mod.ts";
import { type FinishedRun, isBrought } from "../bts/mod.ts";
import type { SavedModel } from "../library/mod.ts";
import { weightMethod } from "../merge/mod.ts";
import { expertDomain, methodPhrase } from "../methods.ts";
import { listedModels } from "./facts.ts";

/** A paragraph of Markdown. @param madeFrom names of the models that it was made from */
export function aboutModel(
  { config }: FinishedRun,
  name: string,
  saved: SavedModel,
  madeFrom: readonly string[],
): string {
  const all = listedModels(madeFrom);
  if (saved.kind === "merge") {
    if (name === "soup") {
      return `The average of the weights of ${all}: a model soup ([arXiv 2203.05482](https://arxiv.org/abs/2203.05482)). ` +
        "Nothing was trained after averaging.";
    }
    const { title, description, source } = weightMethod(name);
    const inputs = name === "slerp"
      ? "between the seed and the average of the experts"
      : `of ${all}, with the seed as the base`;
    return `A merge by ${title} ${inputs}. ${description} Source: ${source}. Nothing was trained after merging.`;
  }
  if (saved.kind === "decoder") {
    const domain = expertDomain(name);
    const brought = isBrought(config, domain ?? name);
    if (name === "seed") {
      return brought
        ? "The seed of the run: a model that was trained elsewhere, from which the experts branch."
        : "The seed of the run: a decoder that was pretrained on a mix of all domains, from which the experts branch.";
    }
    return brought
      ? `The ${domain} expert of the run: a model that was trained elsewhere, of the seed's shape.`
      : `The ${domain} expert: the seed of the run, trained further on ${domain} text.`;
  }
  if (saved.kind === "method") {
    const { source } = saved.method;
    const summary = summaryOf(saved.method);
    return `${capital(methodPhrase(name))}: ${summary}.${
      source === "–" ? "" : ` Source: ${source}.`
    } It was made from ${all}.`;
  }
  if (saved.kind === "stitched") {
    const { stitch } = config;
    return `A stitched model: Branch-Train-Stitch ([arXiv 2502.00075](https://arxiv.org/abs/2502.00075)) joins ${all}, ` +
      `which stay frozen, by ${stitch.positions?.length ?? stitch.count} trained stitch layers with gates.`;
  }
  return `A mixture of ${all}.`;
}

/** A method's summary; of one that is said to be the same as the method listed before it, with what is the same. */
function summaryOf({ name, summary }: BaselineMethod): string {
  const same = /^the same, /;
  if (!same.test(summary)) return summary;
  const before = BASELINES.slice(0, BASELINES.findIndex((one) => one.name === name));
  const first = before.findLast((one) => !same.test(one.summary));
  return first === undefined ? summary : `${first.summary}; here ${summary.replace(same, "")}`;
}

const capital = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);
