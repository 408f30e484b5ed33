// Python's way to write values, and its whitespace.
import assert from "node:assert/strict";
import {
  endsWithSpace,
  PythonFloat,
  pythonRepr,
  pythonText,
  startsWithSpace,
  strip,
  stripEnd,
  textLength,
  wordCount,
} from "../../lib/harness/python-values.ts";
import { PYTHON } from "./expected.ts";

Deno.test("`pythonRepr()` writes values as Python does", () => {
  for (const [json, text] of PYTHON.repr as [string, string][]) {
    // A number with a point or an exponent is a float in Python.
    const value = JSON.parse(
      json,
      ((_: string, one: unknown, { source = "" }: { source?: string }) =>
        typeof one === "number" && /[.e]/.test(source) ? new PythonFloat(one) : one) as never,
    );
    assert.equal(pythonRepr(value), text);
  }
  assert.equal(pythonText("it's"), "it's");
});

Deno.test("whitespace is Python's: the separators U+001C to U+001F are, and U+FEFF is not", () => {
  assert.equal(stripEnd("a \x1c\u3000"), "a");
  assert.equal(strip("\x85\ta\ufeff "), "a\ufeff");
  assert.ok(startsWithSpace("\x1fa") && !startsWithSpace("\ufeffa") && !startsWithSpace(""));
  assert.ok(endsWithSpace("a\u00a0") && !endsWithSpace("") && !endsWithSpace("a\u200b"));
  for (const [text, count] of PYTHON.split as [string, number][]) {
    assert.equal(wordCount(text), count, JSON.stringify(text));
  }
  assert.equal(textLength("a🦊"), 2);
});
