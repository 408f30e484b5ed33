// The merges of a seed and its experts that experiments compare.
import assert from "node:assert/strict";
import { mergeIntoSeed, SEED_MERGES, seedMergeSchema } from "../../lib/merge/seed-merges.ts";
import { mergeWeights } from "../../lib/merge/weights/merge.ts";
import { soup } from "../../lib/merge/soup.ts";
import { bigWeights, TINY } from "../tiny.ts";

const [base, ...models] = [1, 2, 3].map((seed) => bigWeights(TINY, seed));
const settings = seedMergeSchema.parse({});

Deno.test("each merge is the method of its name with the seed as its base", () => {
  const merged = (name: typeof SEED_MERGES[number], rngSeed = 7) =>
    mergeIntoSeed(name, { base: base!, models }, settings, rngSeed);
  for (const name of ["task-arithmetic", "ties", "breadcrumbs"] as const) {
    assert.deepEqual(merged(name, 8), merged(name), `${name} draws nothing`);
  }
  for (const name of ["dare-linear", "dare-ties", "della"] as const) {
    const options = { lambda: 1, density: 0.5, seed: 7 };
    assert.deepEqual(merged(name), mergeWeights(name, { base: base!, models }, options));
    assert.notDeepEqual(merged(name, 8), merged(name), `${name} draws what it drops`);
  }
  assert.deepEqual(merged("slerp"), mergeWeights("slerp", { base: base!, models: [soup(models)] }));
});

Deno.test("with a factor of 0, what adds task vectors to the seed gives back the seed", () => {
  for (const name of SEED_MERGES.filter((name) => name !== "slerp")) {
    assert.deepEqual(mergeIntoSeed(name, { base: base!, models }, { ...settings, lambda: 0 }, 7), base, name);
  }
});
