// The tags of a line: as many as fit, that of a sweep first.
import assert from "node:assert/strict";
import { fitting } from "../../../lib/serve/client/home/tags.tsx";

const same = (tag: string) => tag;

Deno.test("tags that fit are shown, that of a sweep first; the others are counted", () => {
  assert.deepEqual(fitting(["good", "sweep:a"], same), { shown: ["sweep:a", "good"], others: [] });
  const many = Array.from({ length: 12 }, (_, i) => `tag-number-${i}`);
  const { shown, others } = fitting([...many, "sweep:a"], same);
  assert.equal(shown[0], "sweep:a");
  assert.deepEqual([...shown.slice(1), ...others], many);
  assert.ok(shown.length > 1 && others.length > 1);
  // Something is always shown.
  assert.deepEqual(fitting(["x".repeat(500), "y"], same), { shown: ["x".repeat(500)], others: ["y"] });
});
