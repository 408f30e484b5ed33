// The settings after removing or adding an expert.
import assert from "node:assert/strict";
import { type BtsConfig, btsConfigSchema } from "../../lib/bts/config.ts";
import { changedConfig } from "../../lib/bts/modular.ts";
import { UserError } from "../../lib/errors.ts";

Deno.test("`changedConfig()` removes, adds or merges experts, and refuses impossible changes", () => {
  const config = btsConfigSchema.parse({});
  assert.deepEqual(changedConfig(config, { kind: "remove", expert: "math" }).experts, ["code", "multilingual"]);
  assert.deepEqual(changedConfig(config, { kind: "add", expert: "english" }).experts.at(-1), "english");
  const merge = { kind: "merge", expert: "math", other: "code" } as const;
  assert.deepEqual(changedConfig(config, merge).experts, ["math", "multilingual"]);
  const brought = { ...config, pretrained: { code: "a", math: "b", multilingual: "c" } };
  assert.deepEqual(changedConfig(brought, merge).pretrained, { multilingual: "c" });
  assert.deepEqual(changedConfig(brought, { kind: "remove", expert: "math" }).pretrained, {
    code: "a",
    multilingual: "c",
  });
  assert.throws(() => changedConfig(config, { ...merge, other: "math" }), /Cannot merge math with itself/);
  assert.throws(() => changedConfig(config, { ...merge, other: "law" }), /no expert "law"/);
  assert.throws(() => changedConfig({ ...config, hub: "code" }, merge), /Cannot merge code: it is the hub/);
  const refuses = (config: BtsConfig, kind: "add" | "remove", expert: string, message: RegExp) =>
    assert.throws(
      () => changedConfig(config, { kind, expert }),
      (error) => error instanceof UserError && message.test(error.message),
    );
  refuses(config, "remove", "english", /no expert "english": the run has code, math, multilingual/);
  refuses(config, "add", "code", /already has the expert "code": its experts are code, math, multilingual/);
  refuses(config, "add", "law", /no domain "law"/);
  refuses({ ...config, hub: "code" }, "remove", "code", /it is the hub/);
});
