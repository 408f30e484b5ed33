// Stopping what takes too long: a regular expression in the middle of its search.
import assert from "node:assert/strict";
import { withinSeconds } from "../../lib/harness/within-seconds.ts";

Deno.test("`withinSeconds()` ends a regular expression that tries every way to match", () => {
  const slow = () => /^(a+)+$/.test(`${"a".repeat(60)}b`);
  assert.throws(
    () => withinSeconds("its expressions", slow, 0.1),
    /^Error: its expressions take more than 0\.1 seconds/,
  );
  assert.equal(withinSeconds("its expressions", () => /a+/.exec("baab")![0]), "aa");
  const mistake = new TypeError("a mistake");
  assert.throws(() =>
    withinSeconds("", () => {
      throw mistake;
    }), mistake);
});
