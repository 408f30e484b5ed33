// The cell that makes one expert of two: the mean of their weights.
import { hashTensors, saveModelFolder } from "../huggingface/mod.ts";
import { soup } from "../merge/mod.ts";
import type { CellResult } from "../run/mod.ts";
import { conventionsOf } from "./brought.ts";
import { type Lab, modelOf, weightsOf } from "./lab.ts";
import { readTokenizer, type Text } from "./text.ts";
import { type Trained, trainedSchema } from "./training.ts";

/**
 * Merges two experts into one, which has the first one's name.
 *
 * @param names of the experts
 */
export function mergeExperts(
  lab: Lab,
  text: Text,
  experts: readonly [CellResult<Trained>, CellResult<Trained>],
  names: readonly [string, string],
): Promise<CellResult<Trained>> {
  const model = modelOf(lab, text);
  return lab.run.cell({
    name: `expert:${names[0]}`,
    title: `Merge the experts ${names.join(" and ")}`,
    description: "The mean of both experts' weights.",
    inputs: { kind: "merged-expert", model, experts: experts.map(({ key }) => key) },
    code: import.meta,
    output: trainedSchema,
  }, async (cell) => {
    const tensors = soup(await Promise.all(experts.map(weightsOf)));
    await saveModelFolder(cell.folder, {
      config: model,
      tensors,
      tokenizer: await readTokenizer(text),
      ...conventionsOf(lab),
    });
    const tokens = experts.reduce<number | null>(
      (sum, { value }) => sum === null || value.tokens === null ? null : sum + value.tokens,
      0,
    );
    cell.summary(`the mean of ${names.join(" and ")}`);
    return {
      steps: experts.reduce((sum, { value }) => sum + value.steps, 0),
      tokens,
      seconds: null,
      loss: null,
      validation: null,
      peakBytes: null,
      weights: hashTensors(tensors),
    };
  });
}
