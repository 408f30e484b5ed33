// The roles of the models in a stitched model.
import assert from "node:assert/strict";
import { checkRoles, rolesOf } from "../../lib/bts/roles.ts";
import { UserError } from "../../lib/errors.ts";
import { stitchConfig } from "../tiny.ts";

const experts = new Map([["code", 1], ["math", 2], ["multilingual", 3]]);

Deno.test("`rolesOf()` makes the seed the hub, or an expert with the seed stitched to it", () => {
  const stitch = stitchConfig();
  assert.deepEqual(rolesOf({ hub: "seed", stitch }, 0, experts), {
    hub: ["seed", 0],
    spokes: [["code", 1], ["math", 2], ["multilingual", 3]],
  });
  assert.deepEqual(rolesOf({ hub: "math", stitch }, 0, experts), {
    hub: ["math", 2],
    spokes: [["seed", 0], ["code", 1], ["multilingual", 3]],
  });
});

Deno.test("`rolesOf()` of a pair of experts does not include the seed", () => {
  const pair = new Map([["code", 1], ["math", 2]]);
  const stitch = stitchConfig({ mode: "pair" });
  assert.deepEqual(rolesOf({ hub: "math", stitch }, 0, pair), { hub: ["math", 2], spokes: [["code", 1]] });
  const one = new Map([["code", 1]]);
  assert.deepEqual(rolesOf({ hub: "seed", stitch }, 0, one), { hub: ["seed", 0], spokes: [["code", 1]] });
});

Deno.test("`checkRoles()` refuses an unknown hub, a hub without other models, and a pair of three models", () => {
  const refuses = (config: Parameters<typeof checkRoles>[0], message: RegExp) =>
    assert.throws(() => checkRoles(config), (error) => error instanceof UserError && message.test(error.message));
  const stitch = stitchConfig();
  refuses({ hub: "english", experts: ["code"], stitch }, /hub is "english", but experts are code/);
  refuses({ hub: "code", experts: ["code"], stitch: stitchConfig({ mode: "pair" }) }, /no model to merge with code/);
  refuses(
    { hub: "seed", experts: ["code", "math"], stitch: stitchConfig({ mode: "pair" }) },
    /not seed and code, math/,
  );
  checkRoles({ hub: "math", experts: ["code", "math"], stitch: stitchConfig({ mode: "pair" }) });
  checkRoles({ hub: "code", experts: ["code"], stitch });
});
