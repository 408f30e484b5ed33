// The difference of two texts, line by line: nothing lost, and never more than a page can show.
import assert from "node:assert/strict";
import { random } from "../../../lib/random.ts";
import { lineDiff } from "../../../lib/serve/compare/line-diff.ts";
import { lineDiffAside } from "../../../lib/serve/compare/line-diff-aside.ts";

const SEED = Date.now() % 100_000;
console.log(`random texts with seed ${SEED}`);

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `line ${from + i}\n`).join("");
const shown = (a: string, b: string, options = {}) =>
  lineDiff(a, b, options)!.parts.map((part) =>
    part.kind === "skipped" ? `(${part.count})` : `${{ same: " ", removed: "-", added: "+" }[part.kind]}${part.text}`
  );

Deno.test("lines that only one text has stand among equal ones, and long equal parts are left out", () => {
  assert.deepEqual(shown("a\nb\nc\n", "a\nB\nc\n"), [" a", "-b", "+B", " c"]);
  assert.deepEqual(shown("a\nb", "a\nb\n"), []);
  assert.deepEqual(shown(`${numbers(0, 30)}x\n`, `${numbers(0, 30)}y\n`), [
    "(27)",
    " line 27",
    " line 28",
    " line 29",
    "-x",
    "+y",
  ]);
  assert.deepEqual(shown(`x\n${numbers(0, 8)}x\n`, `y\n${numbers(0, 8)}y\n`), [
    "-x",
    "+y",
    " line 0",
    " line 1",
    " line 2",
    "(2)",
    " line 5",
    " line 6",
    " line 7",
    "-x",
    "+y",
  ]);
  assert.deepEqual(shown("", "a\n"), ["+a"]);
});

Deno.test("any two texts: what is removed and what is kept are the first, what is added and kept the second", () => {
  for (let trial = 0; trial < 100; trial++) {
    const from = random(SEED, trial);
    const text = () => Array.from({ length: from.int(40) }, () => `${from.int(6)}\n`).join("");
    const [a, b] = [text(), text()];
    const found = lineDiff(a, b)!;
    if (found.parts.some(({ kind }) => kind === "skipped")) continue;
    if (found.parts.length === 0) {
      assert.equal(a, b);
      continue;
    }
    const side = (kind: string) =>
      found.parts.flatMap((part) =>
        part.kind === kind || part.kind === "same" ? `${(part as { text: string }).text}\n` : []
      )
        .join("");
    assert.deepEqual([side("removed"), side("added")], [a, b]);
    const count = (kind: string) => found.parts.filter((part) => part.kind === kind).length;
    assert.deepEqual([found.removed, found.added], [count("removed"), count("added")]);
  }
});

Deno.test("`lineDiffAside()` finds the same in another thread", async () => {
  const [a, b] = [numbers(0, 100), numbers(50, 150)];
  assert.deepEqual(await lineDiffAside(a, b, {}), lineDiff(a, b));
  assert.deepEqual(await lineDiffAside("1\n", "2\n", { sameNumbers: true }), lineDiff("", ""));
});

Deno.test("numbers can count as equal", () => {
  const [a, b] = ["step 10 of 40, loss 3.251, 1e-5\nend\n", "step 9 of 40, loss 4.1, -2.5e+10\nEND\n"];
  assert.deepEqual(shown(a, b, { sameNumbers: true }), [" step 9 of 40, loss 4.1, -2.5e+10", "-end", "+END"]);
  assert.equal(shown(a, b).length, 4);
});

Deno.test("a long difference is cut, and says by how much", () => {
  const { parts, cut, removed, added } = lineDiff(numbers(0, 500), numbers(500, 1000), { most: 100 })!;
  assert.deepEqual([parts.length, cut, removed, added], [100, 900, 500, 500]);
});
