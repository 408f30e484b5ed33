// The catalogue of faults names tests that there are.
import assert from "node:assert/strict";
import { join } from "node:path";
import { repositoryRoot } from "../../lib/run/files/repository.ts";
import { CATALOGUE } from "./catalogue.ts";

Deno.test("every fault is tried by tests that there are", async () => {
  const wrong: string[] = [];
  for (const { number, tried } of CATALOGUE) {
    for (const [file, names] of tried) {
      const text = await Deno.readTextFile(join(repositoryRoot, file)).catch(() => "");
      const literals = Array.from(text.matchAll(/(["'`])((?:\\.|(?!\1)[^\\])*)\1/g), ([, , literal]) => literal!);
      if (!literals.some((literal) => names.test(literal))) wrong.push(`${number}: ${file} ${names}`);
    }
  }
  assert.deepEqual(wrong, []);
});
