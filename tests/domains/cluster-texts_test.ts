// Clusters of texts in memory.
import assert from "node:assert/strict";
import { adjustedRandIndex, clusterTexts } from "../../lib/domains/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { labeledTexts, LABELS } from "./labeled.ts";

Deno.test("texts of known domains are clustered alike, new ones too, and a seed gives the same again", async () => {
  const { texts, labels } = await labeledTexts();
  const isEven = (_: unknown, at: number) => at % 2 === 0;
  const isOdd = (_: unknown, at: number) => at % 2 === 1;
  const options = { count: LABELS.length, seed: 3, balanced: true };
  const clusters = await clusterTexts(texts.filter(isEven), options);
  const unseen = await clusters.assign(texts.filter(isOdd));
  assert.ok(adjustedRandIndex(unseen, labels.filter(isOdd)) > 0.7);
  assert.equal(new Set(clusters.names).size, LABELS.length);
  const again = await clusterTexts(texts.filter(isEven), options);
  assert.deepEqual([again.names, await again.assign(texts.filter(isOdd))], [clusters.names, unseen]);
});

Deno.test("too few different texts are refused", async () => {
  const texts = ["one two", "one two", "two three", "two three"];
  await assert.rejects(
    clusterTexts(texts, { count: 3, seed: 1, balanced: true }),
    (error) => error instanceof UserError && error.code === "domains.few",
  );
});
