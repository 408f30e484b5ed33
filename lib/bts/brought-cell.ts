// The cell that takes a model from a checkpoint.
import { UserError } from "../errors.ts";
import { hashTensors, saveModelFolder } from "../huggingface/mod.ts";
import { parameterCount } from "../model/mod.ts";
import { readPretrained } from "../pretrained/mod.ts";
import { compact } from "../report/mod.ts";
import type { CellResult } from "../run/mod.ts";
import { conventionsIn } from "./brought.ts";
import { type Lab, modelOf } from "./lab.ts";
import type { Text } from "./text.ts";
import { type Trained, trainedSchema } from "./training.ts";

/**
 * Copies a model that was trained elsewhere, as a model folder in float32 with the run's context length. It depends on the
 * checkpoint's content, not on where it lies.
 *
 * @param name `seed`, or the expert's domain
 */
export function broughtCell(lab: Lab, text: Text, name: string): Promise<CellResult<Trained>> {
  const { config, brought } = lab;
  const model = modelOf(lab, text);
  const source = config.pretrained[name]!;
  const one = brought?.get(name);
  const isSeed = name === "seed";
  return lab.run.cell({
    name: isSeed ? "seed" : `expert:${name}`,
    title: isSeed ? "Take the seed from a checkpoint" : `Take the ${name} expert from a checkpoint`,
    description:
      `${isSeed ? "The seed" : `The ${name} expert`} is from ${source}, not trained here. How many tokens it ` +
      "was trained on is unknown.",
    inputs: { kind: "pretrained", pretrained: { [name]: one?.hash }, model },
    code: import.meta,
    output: trainedSchema,
    cost: () => ({ flops: 0, bytes: 4 * parameterCount(model) }),
  }, async (cell) => {
    if (one === undefined) throw new Error(`Cannot take ${name} from a checkpoint: it was not opened`);
    const setting = `pretrained.${name}`;
    const { weights, hash } = await readPretrained(one, setting);
    if (hash !== one.hash) {
      throw new UserError(
        "pretrained.changed",
        `Cannot use ${setting}="${source}": it has changed since this run began`,
        "start the run again",
      );
    }
    await saveModelFolder(cell.folder, {
      config: model,
      tensors: weights,
      tokenizer: one.tokenizer,
      ...conventionsIn(one),
    });
    cell.summary(`${compact(parameterCount(model))} parameters from a checkpoint, not trained here; content ${hash}`);
    return {
      steps: 0,
      tokens: null,
      seconds: null,
      loss: null,
      validation: null,
      peakBytes: null,
      weights: hashTensors(weights),
    };
  });
}
