// Where stitches are placed, and their kinds, for any depth and count.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { placeStitches, stitchConfigSchema, type StitchKindName } from "../../lib/stitch/mod.ts";
import { stitchConfig } from "../tiny.ts";

const refuses = (...words: string[]) => (error: unknown) =>
  error instanceof UserError && error.code === "stitch.placement" &&
  words.every((word) => error.message.includes(word));

Deno.test("`placeStitches()` places the paper's: 20 layers, K = 4", () => {
  assert.deepEqual(placeStitches(stitchConfig({ count: 4 }), 20), [
    { after: 5, kind: "H2E" },
    { after: 10, kind: "E2H" },
    { after: 15, kind: "H2E" },
    { after: 20, kind: "E2H" },
  ]);
});

Deno.test("`placeStitches()` puts K = 1 after the last layer, an E2H", () => {
  assert.deepEqual(placeStitches(stitchConfig({ count: 1 }), 7), [{ after: 7, kind: "E2H" }]);
});

Deno.test("`placeStitches()` forces the last to L where K does not divide L", () => {
  assert.deepEqual(placeStitches(stitchConfig({ count: 3 }), 11).map(({ after }) => after), [3, 6, 11]);
});

Deno.test("`placeStitches()` is ascending, ends at L with E2H and alternates backwards, for all K ≤ L ≤ 48", () => {
  for (let layers = 1; layers <= 48; layers++) {
    for (let count = 1; count <= layers; count++) {
      const where = `L ${layers}, K ${count}`;
      const places = placeStitches(stitchConfig({ count }), layers);
      assert.equal(places.length, count, where);
      assert.deepEqual(places.at(-1), { after: layers, kind: "E2H" }, where);
      places.forEach(({ after, kind }, k) => {
        assert.ok(after > (places[k - 1]?.after ?? 0) && after <= layers, where);
        if (k < count - 1) {
          assert.equal(after, (k + 1) * Math.floor(layers / count), where);
          assert.notEqual(kind, places[k + 1]!.kind, where);
        }
      });
      const all = placeStitches(stitchConfig({ count, kinds: "all-e2h" }), layers);
      assert.ok(all.every(({ kind }) => kind === "E2H"), where);
      assert.deepEqual(all.map(({ after }) => after), places.map(({ after }) => after), where);
    }
    assert.throws(
      () => placeStitches(stitchConfig({ count: layers + 1 }), layers),
      refuses(`${layers + 1} stitches`, `${layers} layers`),
    );
  }
});

Deno.test("`placeStitches()` takes explicit positions and kinds", () => {
  const kinds: StitchKindName[] = ["E2H", "H2E", "E2H"];
  assert.deepEqual(placeStitches(stitchConfig({ positions: [1, 2, 5], kinds }), 6), [
    { after: 1, kind: "E2H" },
    { after: 2, kind: "H2E" },
    { after: 5, kind: "E2H" },
  ]);
  assert.deepEqual(placeStitches(stitchConfig({ positions: [2, 4] }), 4).map(({ kind }) => kind), ["H2E", "E2H"]);
  assert.deepEqual(placeStitches(stitchConfig({ count: 3, kinds }), 6).map(({ kind }) => kind), kinds);
});

Deno.test("`placeStitches()` refuses explicit lists that do not fit, naming them", () => {
  for (const positions of [[], [0, 4], [2, 2], [3, 1], [1, 5], [1.5, 4]]) {
    assert.throws(() => placeStitches({ ...stitchConfig(), positions }, 4), refuses(`[${positions}]`, "1 to 4"));
  }
  assert.throws(() => placeStitches(stitchConfig({ count: 3, kinds: ["H2E", "E2H"] }), 6), refuses("2 kinds", "3"));
  assert.throws(
    () => placeStitches(stitchConfig({ count: 2, kinds: ["E2H"] }), 6),
    refuses("lists 1 kind for 2 stitches"),
  );
  assert.throws(
    () => placeStitches(stitchConfig({ count: 2, kinds: ["E2H", "H2E"] }), 6),
    refuses("end with E2H or E2H-LR, not H2E"),
  );
});

Deno.test("`stitchConfigSchema` refuses unknown keys and values out of range", () => {
  for (const wrong of [{ counts: 2 }, { count: 0 }, { positions: [0] }, { positions: [1.5] }, { kinds: "E2H" }]) {
    assert.equal(stitchConfigSchema.safeParse(wrong).success, false, JSON.stringify(wrong));
  }
  for (const wrong of [{ dropout: 1 }, { dropout: -0.1 }, { gates: "matrix" }, { initialization: "zero" }]) {
    assert.equal(stitchConfigSchema.safeParse(wrong).success, false, JSON.stringify(wrong));
  }
});

Deno.test("`stitchConfigSchema` reads `initialisation`, the former key, unless both are given", () => {
  assert.equal(stitchConfigSchema.parse({ initialisation: "random" }).initialization, "random");
  const both = { initialisation: "random", initialization: "random" };
  assert.equal(stitchConfigSchema.safeParse(both).success, false);
});
