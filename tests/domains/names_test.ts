// Names of discovered domains: valid, different, and made of what tells clusters apart.
import assert from "node:assert/strict";
import { isDomainName } from "../../lib/data/mod.ts";
import { clusterTexts } from "../../lib/domains/mod.ts";
import { domainNames, topTerms } from "../../lib/domains/names.ts";
import { fitRows } from "../../lib/domains/space.ts";
import { texts } from "./topics.ts";

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

const named = (...clusters: string[]) =>
  domainNames(clusters.map((terms) => terms.split(" ").map((term) => ({ term, share: 0.9 }))));

Deno.test("no function word, no scrap and no form of the first word is part of a name where there are others", () => {
  // What came of mixed built-in text, and of a folder of Markdown, TypeScript and German text.
  assert.deepEqual(named("not whale so one will upon states"), ["whale-states"]);
  assert.deepEqual(named("die der nicht sie werden ein ist eine oder datei das typ"), ["datei-typ"]);
  assert.deepEqual(named("të on everyone na og right"), ["everyone-right"]);
  assert.deepEqual(named("clusters clustering cluster documents"), ["clusters-documents"]);
  assert.deepEqual(named("whale whales ahab"), ["whale-ahab"]);
  assert.deepEqual(named("english 中文 français"), ["english-français"]);
  assert.deepEqual(named("の 中文 english 繁體"), ["中文-繁體"]);
  assert.deepEqual(named("states state"), ["states"], "one word is better than its forms");
  assert.deepEqual(named("interface internet"), ["interface-internet"]);
  assert.deepEqual(named("the of", "ist der"), ["the-of", "ist-der"], "better than a number");
});

Deno.test("a name has a second word also where only one tells its cluster from others", () => {
  const own = [{ term: "engine", share: 0.3 }, { term: "whale", share: 0.9 }, { term: "ship", share: 0.2 }];
  assert.deepEqual(domainNames([own]), ["whale-engine"]);
  // Whatever is far down the list tells little, however few other documents have it.
  const words = Array.from({ length: 20 }, (_, at) => ({ term: `${"abcdefghijklmnopqrst"[at]}word`, share: 0.3 }));
  assert.deepEqual(domainNames([[...words, { term: "hapax", share: 1 }]]), ["aword-bword"]);
});

Deno.test("names are those of the same documents in another order", async () => {
  const all = texts(60);
  const names = async (list: readonly string[]) => {
    const { names, assign } = await clusterTexts(list, { count: 3, seed: 1, balanced: true });
    const [first, second, third] = await assign(all.slice(0, 3));
    return [names[first!], names[second!], names[third!]];
  };
  assert.deepEqual(await names(all.toReversed()), await names(all));
});
