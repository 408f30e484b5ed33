// What tables of a clustering show of its shares.
import assert from "node:assert/strict";
import type { Clustering } from "../../lib/domains/description.ts";
import { clustersTable } from "../../lib/domains/tables.ts";

function sourcesShown(counts: Readonly<Record<string, number>>): string {
  const documents = Object.values(counts).reduce((a, b) => a + b);
  const sources = Object.entries(counts).map(([source, documents]) => ({ source, documents }));
  const cluster = { name: "a", documents, far: 0, bytes: 1, overlap: {}, neighbors: [], languages: {}, topTerms: [] };
  const clustering = { clusters: [{ ...cluster, sources }], settings: { leaveFar: false } };
  return clustersTable(clustering as unknown as Clustering).rows[0]!["sources"] as string;
}

Deno.test("sources are shown by the end of their path, three at most, without shares that round to 0", () => {
  assert.equal(sourcesShown({ "in/py/": 97, "in/perl/": 3 }), "py/ 97 %, perl/ 3 %");
  assert.equal(sourcesShown({ "in/py/": 299, "in/b.txt": 1 }), "py/ 100 %, …");
  assert.equal(sourcesShown({ a: 40, b: 30, c: 20, d: 10 }), "a 40 %, b 30 %, c 20 %, …");
});
