// Checks of `deno task expert`.
import assert from "node:assert/strict";
import { btsConfigSchema } from "../../lib/bts/config.ts";
import { checkChange, checkRestitching } from "../../lib/bts/expert-check.ts";
import { type ExpertConfig, expertConfigSchema } from "../../lib/bts/finished.ts";
import { UserError } from "../../lib/errors.ts";

Deno.test("`checkChange()` refuses changes that leave nothing to stitch or add an expert twice", () => {
  const config = btsConfigSchema.parse({ experts: ["code"] });
  assert.throws(
    () => checkChange(config, { kind: "remove", expert: "code" }),
    (error) =>
      error instanceof UserError && /Cannot remove code: nothing would be stitched to seed/.test(error.message),
  );
  assert.throws(
    () => checkChange(config, { kind: "add", expert: "code" }),
    /already has the expert "code": its experts are code$/,
  );
  checkChange(config, { kind: "add", expert: "math" });
});

Deno.test("`checkRestitching()` allows only settings of training the stitches, and no other seed", () => {
  const run = { id: "run-1", seed: 1 };
  const of = (change: "add" | "remove") =>
    expertConfigSchema.parse({ from: run.id, change, expert: change === "add" ? "english" : "code", restitch: 3 });
  const check = (standard: ExpertConfig, changed: object, seeds = [1]) =>
    checkRestitching(run, standard, { config: { ...standard, ...changed }, seeds });
  const less = of("remove");
  const { data, eval: measuring, stitch, train } = less;
  const refused: readonly (readonly [object, RegExp])[] = [
    [{ hub: "math" }, /Cannot set hub: the models are those of the run run-1/],
    [{ data: { ...data, heldoutBytes: 9_000 } }, /Cannot set data\.heldoutBytes/],
    [{ eval: { ...measuring, items: 8 } }, /Cannot set eval\.items/],
    [{ stitch: { ...stitch, count: 1, gates: "scalar" } }, /Cannot set stitch\.count, stitch\.gates/],
    [{ model: { ...less.model, width: 64 } }, /Cannot set model\.width/],
    [{ train: { ...train, expert: { ...train.expert, lr: 0.1 } } }, /Cannot set train\.expert\.lr/],
    [{ experts: ["code", "math"] }, /Cannot set experts/],
    [{ expert: "math" }, /Cannot set expert: give it as an argument before the options/],
    [{ pretrained: { english: "models/a" } }, /Cannot set pretrained/],
    [{ from: "another" }, /Cannot set from: give it as an argument/],
  ];
  for (const [changed, message] of refused) {
    assert.throws(
      () => check(less, changed),
      (error) => error instanceof UserError && message.test(error.message),
      String(message),
    );
  }
  assert.throws(() => check(less, {}, [5]), /Cannot use another seed: .* whose seed is 1/);
  assert.throws(() => check(less, {}, [1, 2]), /Cannot use another seed/);
  check(less, { restitch: 9, train: { ...train, stitch: { ...train.stitch, lr: 0.1 } } });
  check(less, { mix: { ...less.mix, stitch: { english: 1 } }, checkpoint: { ...less.checkpoint, every: 7 } });
  check(of("add"), { train: { ...train, expert: { ...train.expert, lr: 0.1 } } });
  check(of("add"), { pretrained: { english: "models/a" } });
  check({ ...of("add"), pretrained: { seed: "models/b" } }, { pretrained: { seed: "models/b", english: "models/a" } });
  assert.throws(() => check(of("add"), { pretrained: { english: "a", code: "b" } }), /Cannot set pretrained\.code/);
});
