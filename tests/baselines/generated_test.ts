// What is generated from the list of methods is up to date, and complete.
import assert from "node:assert/strict";
import { generatedParts, withPart } from "../../lib/baselines/generated.ts";
import { BASELINES } from "../../lib/baselines/mod.ts";
import { methodColors, methodLabel, methodPhrase, PALETTE } from "../../lib/methods.ts";

for (const part of generatedParts()) {
  Deno.test(`${part.path} has the methods of the registry`, async () => {
    const text = await Deno.readTextFile(new URL(`../../${part.path}`, import.meta.url));
    assert.equal(text, withPart(text, part), "run `deno task build:methods`");
  });
}

Deno.test("every method has its label, phrase and color in tables and figures, and its own name", () => {
  for (const { name, label, phrase, color } of BASELINES) {
    assert.equal(methodLabel(name), label);
    assert.equal(methodPhrase(name), phrase ?? label);
    if (color !== undefined) assert.equal(methodColors(["seed", name]).get(name), PALETTE[color]);
  }
  assert.equal(new Set(BASELINES.map(({ name }) => name)).size, BASELINES.length);
  assert.equal(new Set(BASELINES.map(({ label }) => label)).size, BASELINES.length);
});

Deno.test("`withPart()` replaces only what is between the markers, and refuses a text without them", () => {
  const part = { path: "x.md", begin: "<!-- a -->", end: "<!-- /a -->", lines: ["new", "lines"] };
  assert.equal(
    withPart("1\n<!-- a -->\nold\n<!-- /a -->\n2\n", part),
    "1\n<!-- a -->\nnew\nlines\n<!-- /a -->\n2\n",
  );
  for (const text of ["", "<!-- a -->\n", "<!-- /a -->\n<!-- a -->\n", "<!-- a -->\n<!-- a -->\n<!-- /a -->\n"]) {
    assert.throws(() => withPart(text, part), /x\.md needs/);
  }
});
