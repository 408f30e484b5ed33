// Names of discovered domains: valid, different, and made of what tells clusters apart.
import assert from "node:assert/strict";
import { isDomainName } from "../../lib/data/mod.ts";
import { domainNames, topTerms } from "../../lib/domains/names.ts";
import { fitRows } from "../../lib/domains/space.ts";

Deno.test("names are valid and different, whatever the terms", () => {
  const names = domainNames([
    ["congress", "states"],
    ["congress", "states"],
    ["bts"],
    ["the", "of"],
    [],
    ["#number"],
    ["语言", "模型"],
    ["x".repeat(48), "y".repeat(48)],
    ["__proto__", "___"],
    ["rest"],
  ].map((terms) => terms.map((term) => ({ term, share: 1 }))));
  for (const name of names) assert.ok(isDomainName(name), name);
  assert.equal(new Set(names.map((name) => name.toLowerCase())).size, names.length, names.join(" "));
  assert.deepEqual(names.slice(0, 2), ["congress-states", "congress-states-2"]);
  assert.equal(names[6], "语言-模型");
  assert.equal(names[4], "cluster-5");
});

Deno.test("top terms are frequent in their cluster and rare elsewhere", () => {
  const rows = fitRows(["sea whale ship", "sea whale boat", "ship boat sea", "law court sea", "law judge court"]);
  const [first, second] = topTerms(rows, Int32Array.of(0, 0, 0, 1, 1), 2);
  assert.deepEqual(new Set(second!.slice(0, 2).map(({ term }) => term)), new Set(["law", "court"]));
  assert.deepEqual(first!.find(({ term }) => term === "sea"), { term: "sea", share: 3 / 4 });
  assert.ok(first!.every(({ term }) => term !== "law"));
});

Deno.test("a name is made of terms that tell its cluster from others, if there are two", () => {
  const own = [{ term: "not", share: 0.2 }, { term: "whale", share: 0.9 }, { term: "so", share: 0.3 }];
  assert.deepEqual(domainNames([own, [{ term: "not", share: 0.3 }]]), ["whale", "not"]);
});
