// Regular expressions in Python's syntax.
import assert from "node:assert/strict";
import { findAll, pythonRegex, RegexError } from "../../lib/harness/python-regex.ts";
import { PYTHON } from "./expected.ts";

Deno.test("`findAll()` finds what Python's `re.findall()` finds", () => {
  for (const [pattern, text, found] of PYTHON.findall as [string, string, unknown][]) {
    assert.deepEqual(findAll(pythonRegex(pattern), text), found, pattern);
  }
});

Deno.test("`pythonRegex()` refuses what JavaScript does not have, and what is no expression", () => {
  for (const pattern of ["(?x)a b", "(?P>name)", "(", "a\\", "\\N", "[\\D]"]) {
    assert.throws(() => pythonRegex(pattern), RegexError, pattern);
  }
});
