// Python literals, as templates write them.
import assert from "node:assert/strict";
import { LiteralError, pythonLiteral } from "../../lib/harness/python-literal.ts";
import { PYTHON } from "./expected.ts";

Deno.test("`pythonLiteral()` reads what Python's `ast.literal_eval()` reads", () => {
  for (const [text, value] of PYTHON.literals as [string, unknown][]) {
    assert.deepEqual(JSON.parse(JSON.stringify(pythonLiteral(text))), value, text);
  }
});

Deno.test("`pythonLiteral()` refuses everything else", () => {
  for (const text of ["", "[1", "foo", "['a' 1]", "1 + 1", "'a", "[1] 2", "07", "__import__('os')", "'a\nb'"]) {
    assert.throws(() => pythonLiteral(text), LiteralError, text);
  }
});
