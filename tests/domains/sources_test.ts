// Which files and folders documents are counted by.
import assert from "node:assert/strict";
import { countSource, listedSources, type SourceCounts } from "../../lib/domains/sources.ts";

function counted(files: readonly string[]): SourceCounts {
  const counts: SourceCounts = {};
  for (const file of files) countSource(counts, file);
  return counts;
}
const numbered = (folder: string, count: number) => Array.from({ length: count }, (_, i) => `${folder}/${i}.txt`);

Deno.test("a few files are listed by name, even where folders have files of the same name", () => {
  assert.deepEqual(listedSources(counted(["in/a/1.txt", "in/b/1.txt", "in/b/1.txt"])), [
    { source: "in/b/1.txt", documents: 2 },
    { source: "in/a/1.txt", documents: 1 },
  ]);
});

Deno.test("of many files, folders are listed, and no document is lost", () => {
  for (const many of [30, 900, 1500]) {
    assert.deepEqual(listedSources(counted([...numbered("in/a", many), ...numbered("in/b", 20)])), [
      { source: "in/a/", documents: many },
      { source: "in/b/", documents: 20 },
    ]);
  }
});

Deno.test("names are bounded, whatever the number of files and folders", () => {
  const counts = counted(Array.from({ length: 5000 }, (_, i) => `in/${i}/text.txt`));
  assert.ok(Object.keys(counts).length <= 2001);
  assert.equal(Object.values(counts).reduce((a, b) => a + b), 5000);
});
