// Budgets hold whatever the sizes of the documents, and every document is used.
import assert from "node:assert/strict";
import { byteLength } from "../../lib/data/batches/tokenize.ts";
import { type BudgetOptions, textWithin, withinBudget } from "../../lib/data/budget.ts";
import { sized } from "../../lib/data/store/document-list.ts";
import type { Document } from "../../lib/data/mod.ts";
import { random } from "../../lib/random.ts";

function book(name: string, bytes: number): Document {
  const stream = random(1, "book", name);
  let text = name;
  while (text.length < bytes) text += ` w${stream.int(4000)}`;
  return { id: name, text: text.slice(0, bytes) };
}

/** What is kept, and the documents that it comes from. */
function fill(documents: readonly Document[], budget: number, options: Omit<BudgetOptions, "keep">) {
  const kept: Document[] = [];
  const sources = new Set<Document>();
  const filled = withinBudget(sized(documents), budget, {
    ...options,
    keep(document, index, whole) {
      assert.ok(whole ? document === documents[index] : documents[index]!.text.includes(document.text));
      kept.push(document);
      sources.add(documents[index]!);
    },
  });
  return { ...filled, documents: kept, sources };
}

Deno.test("`withinBudget()` never exceeds the budget, and nearly fills it, whatever the sizes", () => {
  for (let seed = 0; seed < 60; seed++) {
    const stream = random(seed, "budget");
    const documents = Array.from(
      { length: stream.between(1, 12) },
      (_, i) => book(`${seed}-${i}`, stream.pick([50, 250, 1000, 8000, 50_000])),
    );
    const total = documents.reduce((sum, { text }) => sum + byteLength(text), 0);
    for (const budget of [10, 500, 4096, 15_000, total, 2 * total]) {
      const { documents: kept, bytes, cut, sources } = fill(documents, budget, { longest: 4096 });
      assert.equal(bytes, kept.reduce((sum, { text }) => sum + byteLength(text), 0));
      assert.ok(bytes <= budget, `seed ${seed}: ${bytes} of ${budget}`);
      assert.ok(bytes >= 0.9 * Math.min(budget, total) || budget < 50, `seed ${seed}: ${bytes} of ${budget}`);
      if (total <= budget) assert.deepEqual([kept, cut], [documents, 0]);
      assert.equal(new Set(kept.map(({ id }) => id)).size, kept.length);
      for (const { id, text } of kept) {
        const source = documents.find((document) => document.id === id.split("~")[0])!;
        assert.ok(source.text.includes(text) && sources.has(source));
      }
    }
  }
});

Deno.test("`withinBudget()` uses every long document, one part of each at a time", () => {
  const documents = ["a", "b", "c", "d", "e"].map((name) => book(name, 300_000));
  const counts = (budget: number) => {
    const { documents: kept, sources } = fill(documents, budget, { longest: 16_384 });
    assert.equal(sources.size, 5);
    return documents.map(({ id }) => kept.filter((one) => one.id.startsWith(`${id}~`)).length);
  };
  for (const budget of [5 * 16_384, 200_000, 800_000]) {
    const taken = counts(budget);
    assert.ok(Math.max(...taken) - Math.min(...taken) <= 2, String(taken));
  }
});

Deno.test("`withinBudget()` takes parts from anywhere in a document, and only accepted ones", () => {
  const document = book("long", 400_000);
  const { documents: kept } = fill([document], 50_000, { longest: 5000 });
  const places = kept.map(({ text }) => document.text.indexOf(text) / document.text.length);
  assert.ok(Math.max(...places) > 0.5 && Math.min(...places) < 0.5, String(places));
  const accept = ({ text }: Document) => !text.includes("w7 ");
  for (const { text } of fill([document], 50_000, { longest: 500, accept }).documents) {
    assert.ok(!text.includes("w7 "));
  }
});

Deno.test("`withinBudget()` skips a document that no longer fits and takes a later one that does", () => {
  const documents = [book("a", 500), book("b", 800), book("c", 400)];
  const { documents: kept, cut } = fill(documents, 1000, { longest: 16_384 });
  assert.deepEqual([kept.map(({ id }) => id), cut], [["a", "c"], 0]);
});

Deno.test("`withinBudget()` cuts no further document when the budget is full", () => {
  const documents = [..."abcdefgh"].map((name) => book(name, 50_000));
  const reads = new Map<string, number>();
  const counted = documents.map(({ id, text }) => ({
    id,
    get text() {
      reads.set(id, (reads.get(id) ?? 0) + 1);
      return text;
    },
  }));
  for (const budget of [1, 2, 5]) {
    reads.clear();
    const { bytes } = withinBudget(sized(counted), budget, { longest: 16_384, keep: () => {} });
    assert.equal(bytes, budget);
    // Each text is read once for its size. One that is cut is read again, and gives at least a byte.
    const cut = [...reads.values()].filter((count) => count > 1).length;
    assert.ok(cut <= budget, `${cut} documents were cut for ${budget} bytes`);
  }
});

Deno.test("`textWithin()` never exceeds its bytes, nearly reaches them, and cuts the last text only", () => {
  const words = "one two. trés été 三 四五 🙂🙂 ".repeat(40);
  const texts = Array.from({ length: 8 }, (_, i) => ({ text: `${i} ${words}` }));
  const total = texts.reduce((sum, { text }) => sum + byteLength(text), 0);
  for (const bytes of [0, 0.5, 1, 3, 10, 1000, 1001.5, 5000, total - 1, total, 2 * total]) {
    const taken = [...textWithin(texts, bytes)];
    const size = taken.reduce((sum, text) => sum + byteLength(text), 0);
    assert.ok(size <= bytes && size > Math.min(bytes, total) - 20, `${size} of ${bytes}`);
    taken.forEach((text, i) =>
      i < taken.length - 1 ? assert.equal(text, texts[i]!.text) : assert.ok(texts[i]!.text.startsWith(text))
    );
  }
});
