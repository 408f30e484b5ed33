// Removing an expert from trained stitches, and adding one.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { toDevice } from "../../lib/model/mod.ts";
import { initialStitches, stitchModels, withExpert, withoutExpert } from "../../lib/stitch/mod.ts";
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
