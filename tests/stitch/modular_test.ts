// Removing an expert from trained stitches, and adding one.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { toDevice } from "../../lib/model/mod.ts";
import { initialStitches, stitchModels, withExpert, withExpertsMerged, withoutExpert } from "../../lib/stitch/mod.ts";
import { deviceTest } from "../backends.ts";
import { bigWeights, difference, noisyStitches, stitchConfig, TINY, tokens } from "../tiny.ts";
import { expertCount, stitchShapes } from "../../lib/stitch/weights.ts";
import { stitchedForward } from "../../lib/stitch/model.ts";

for (const initialization of ["identity", "hub-preserving", "random"] as const) {
  Deno.test(`\`withExpert()\` and then \`withoutExpert()\` give the same stitches, ${initialization}`, () => {
    const stitch = stitchConfig({ count: 3, initialization });
    const trained = noisyStitches(stitch, 2, 4);
    const grown = withExpert(trained, stitch, TINY.width, 9);
    assert.equal(expertCount(grown), 3);
    const shapes = stitchShapes(stitch, { stitches: 3, experts: 3, width: TINY.width });
    assert.deepEqual(Object.keys(grown), [...shapes.keys()]);
    for (const [name, tensor] of Object.entries(trained)) assert.equal(grown[name], tensor, name);
    const fresh = initialStitches(stitch, { stitches: 3, experts: 3, width: TINY.width }, 9);
    for (const name of Object.keys(grown).filter((name) => name.endsWith(".3"))) {
      assert.deepEqual(grown[name], fresh[name], name);
    }
    assert.deepEqual(withoutExpert(grown, 3), trained);
  });
}

deviceTest("`withoutExpert()` gives the model in which that expert is absent, bit for bit", () => {
  const stitch = stitchConfig({ count: 3 });
  const trained = noisyStitches(stitch, 3, 4);
  const [hub, ...experts] = [1, 2, 3, 4].map((seed) => toDevice(bigWeights(TINY, seed)));
  const ids = tokens(2, 8);
  for (const removed of [1, 2, 3]) {
    const present = [1, 2, 3].filter((i) => i !== removed);
    const here = present.map((i) => experts[i - 1]!);
    const all = { config: TINY, stitch, hub: hub!, experts: here };
    const absent = stitchedForward(stitchModels({ ...all, stitches: toDevice(trained), present }), ids);
    const fewer = stitchedForward(stitchModels({ ...all, stitches: toDevice(withoutExpert(trained, removed)) }), ids);
    assert.equal(difference(fewer, absent), 0);
  }
});

Deno.test("`withoutExpert()` refuses an expert that is not there, and the only one", () => {
  const refuses = (experts: number, expert: number, message: RegExp) =>
    assert.throws(
      () => withoutExpert(noisyStitches(stitchConfig({ count: 2 }), experts, 4), expert),
      (error) => error instanceof UserError && message.test(error.message),
    );
  refuses(2, 3, /expert 3: the stitches have experts 1 to 2/);
  refuses(2, 0, /expert 0/);
  refuses(2, 1.5, /expert 1.5/);
  refuses(1, 1, /only expert/);
});

for (const initialization of ["identity", "hub-preserving"] as const) {
  Deno.test(`\`withExpertsMerged()\` averages the parameters of two experts, and keeps the others', ${initialization}`, () => {
    const stitch = stitchConfig({ count: 3, initialization });
    const trained = noisyStitches(stitch, 3, 4);
    for (const [first, second] of [[1, 3], [3, 1], [2, 3]] as const) {
      const merged = withExpertsMerged(trained, first, second);
      const shapes = stitchShapes(stitch, { stitches: 3, experts: 2, width: TINY.width });
      assert.deepEqual(Object.keys(merged).toSorted(), [...shapes.keys()].toSorted());
      const kept = [1, 2, 3].filter((expert) => expert !== second);
      for (const [name, { data }] of Object.entries(merged)) {
        const now = Number(name.split(".").at(-1));
        const before = (expert: number) => trained[name.replace(/\d+$/, String(expert))]!;
        if (now === 0 || kept[now - 1] !== first) {
          assert.equal(merged[name], now === 0 ? trained[name] : before(kept[now - 1]!), name);
        } else {
          data.forEach((value, i) => {
            const mean = Math.fround((before(first).data[i]! + before(second).data[i]!) / 2);
            assert.equal(value, mean, name);
          });
        }
      }
    }
  });
}

deviceTest("two equal experts with equal stitches, merged, are each of them", () => {
  const stitch = stitchConfig({ count: 3 });
  const trained = withExpert(noisyStitches(stitch, 2, 4), stitch, TINY.width, 9);
  const twins = Object.fromEntries(
    Object.entries(trained).map((
      [name, tensor],
    ) => [name, name.endsWith(".3") ? trained[name.replace(/3$/, "1")]! : tensor]),
  );
  const [hub, ...experts] = [1, 2, 3].map((seed) => toDevice(bigWeights(TINY, seed)));
  const of = (stitches: typeof trained) =>
    stitchedForward(
      stitchModels({ config: TINY, stitch, hub: hub!, experts, stitches: toDevice(stitches) }),
      tokens(2, 8),
    );
  assert.equal(difference(of(withExpertsMerged(twins, 1, 3)), of(withoutExpert(twins, 3))), 0);
});

Deno.test("`withExpertsMerged()` refuses experts that are not there, and low-rank stitches", () => {
  const stitch = stitchConfig({ count: 2 });
  const stitches = noisyStitches(stitch, 2, 4);
  for (const [first, second] of [[1, 1], [0, 1], [1, 3], [1.5, 2]] as const) {
    assert.throws(
      () => withExpertsMerged(stitches, first, second),
      (error) => error instanceof UserError && /two of the experts 1 to 2/.test(error.message),
    );
  }
  const low = stitchConfig({ positions: [2], kinds: ["E2H-LR"], rank: 3 });
  assert.throws(
    () => withExpertsMerged(noisyStitches(low, 2, 4), 1, 2),
    (error) => error instanceof UserError && /low-rank/.test(error.message),
  );
});
