// The settings of the text.
import assert from "node:assert/strict";
import { dataConfigSchema } from "../../lib/data/config.ts";
import { configKeys } from "../../lib/run/config/config-keys.ts";

Deno.test("`dataConfigSchema` has a default and a description for every setting, and refuses unknown ones", () => {
  const four = ["english", "code", "math", "multilingual"];
  assert.deepEqual(dataConfigSchema.parse({}).domains, Object.fromEntries(four.map((name) => [name, "builtin"])));
  const keys = configKeys(dataConfigSchema);
  assert.ok(keys.length > 10);
  for (const { path, description } of keys) assert.ok(description.length > 10, path);
  assert.ok(!dataConfigSchema.safeParse({ engish: "x" }).success);
});
