// Model soups: averages, and errors.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { soup } from "../../lib/merge/soup.ts";
import { checkWeights, initialWeights } from "../../lib/model/weights.ts";
import { bigWeights, TINY } from "../tiny.ts";

const NORM = "model.norm.weight";
const refuses = (code: string, ...words: string[]) => (error: unknown) =>
  error instanceof UserError && error.code === code && words.every((word) => error.message.includes(word));

Deno.test("`soup()` of equal models is the model, bit for bit", () => {
  const weights = bigWeights(TINY, 1);
  for (const count of [1, 2, 4]) assert.deepEqual(soup(Array(count).fill(weights)), weights);
  // Three models are exact, too, because the sum is in float64.
  assert.deepEqual(soup([weights, weights, weights]), weights);
});

Deno.test("`soup()` averages every value, in any order of models", () => {
  const models = [1, 2, 3].map((seed) => bigWeights(TINY, seed));
  const average = soup(models);
  checkWeights(TINY, average, "soup()");
  for (const [name, { data }] of Object.entries(average)) {
    data.forEach((value, i) => {
      const wanted = Math.fround(models.reduce((sum, model) => sum + model[name]!.data[i]!, 0) / 3);
      assert.ok(Math.abs(value - wanted) <= 1e-7 * Math.abs(wanted), `${name}[${i}]`);
    });
  }
  const turned = soup([models[2]!, models[0]!, models[1]!]);
  for (const [name, { data }] of Object.entries(average)) {
    data.forEach((value, i) => assert.ok(Math.abs(value - turned[name]!.data[i]!) <= 1e-7));
  }
});

Deno.test("`soup()` does not change the models", () => {
  const models = [bigWeights(TINY, 1), bigWeights(TINY, 2)];
  soup(models)[NORM]!.data.fill(9);
  assert.deepEqual(models, [bigWeights(TINY, 1), bigWeights(TINY, 2)]);
});

Deno.test("`soup()` refuses models with other names or shapes, naming the weight and the model", () => {
  const model = initialWeights(TINY, 1);
  assert.throws(() => soup([]), refuses("merge.empty"));
  const other = { ...model, [NORM]: { shape: [4, 4], data: new Float32Array(16) } };
  assert.throws(() => soup([model, model, other]), refuses("merge.shape", NORM, "[16]", "[4,4]", "model 3"));
  const { [NORM]: _, ...lacking } = model;
  assert.throws(() => soup([model, lacking]), refuses("merge.shape", NORM, "model 2", "missing"));
  // Conversely, a weight that only a later model has must not be dropped silently.
  assert.throws(() => soup([lacking, model]), refuses("merge.shape", NORM, "model 1", "missing"));
});
