// Documents are the same whether they are in memory or in a file.
import assert from "node:assert/strict";
import { sortByRank, uint32Column } from "../../../lib/data/store/columns.ts";
import { documentStore } from "../../../lib/data/store/document-store.ts";
import { textSet } from "../../../lib/data/store/text-set.ts";
import { byteLength } from "../../../lib/data/batches/tokenize.ts";
import type { Document } from "../../../lib/data/types.ts";
import { UserError } from "../../../lib/errors.ts";
import { random } from "../../../lib/random.ts";

const SEED = 7;

function documents(count: number): Document[] {
  const stream = random(SEED, "store");
  const alphabet = ["a", "é", "三", "🙂", "\n", "\ufeff", " ", '"'];
  return Array.from({ length: count }, (_, i) => ({
    id: `folder "x"/é.txt#${i}`,
    text: Array.from({ length: stream.int(stream.int(20) === 0 ? 400_000 : 300) }, () => stream.pick(alphabet)).join(
      "",
    ),
    ...(i % 3 === 0 ? { keys: [`key\n${i}`, "b"] } : {}),
  }));
}

Deno.test("`documentStore()` gives back what was added, in any order, in memory and from a file", () => {
  const all = documents(300);
  for (const memory of [Infinity, 10_000, 0]) {
    using store = documentStore({ memory });
    const stream = random(SEED, "order", memory);
    all.forEach((document, i) => {
      assert.equal(store.add(document), i);
      const number = stream.int(i + 1);
      assert.deepEqual(store.at(number), all[number], `seed ${SEED}, memory ${memory}`);
      assert.equal(store.bytesAt(number), byteLength(all[number]!.text));
    });
    assert.equal(store.length, 300);
  }
});

Deno.test("`documentStore()` drops the last documents, and takes others in their place", () => {
  const all = documents(60);
  for (const memory of [Infinity, 100_000, 0]) {
    using store = documentStore({ memory });
    for (const document of all.slice(0, 40)) store.add(document);
    store.truncate(25);
    for (const document of all.slice(40)) store.add(document);
    const expected = [...all.slice(0, 25), ...all.slice(40)];
    assert.deepEqual(Array.from({ length: store.length }, (_, i) => store.at(i)), expected);
  }
});

Deno.test("`documentStore()` leaves no file behind, and makes no folder", async () => {
  const folder = await Deno.makeTempDir();
  try {
    {
      using store = documentStore({ memory: 0, folder: `${folder}/not/yet` });
      store.add({ id: "a", text: "text" });
      assert.equal(store.at(0).text, "text");
      if (Deno.build.os !== "windows") assert.deepEqual([...Deno.readDirSync(folder)], []);
    }
    assert.ok(![...Deno.readDirSync(folder)].some(({ isDirectory }) => isDirectory));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("`documentStore()` says where it cannot write", () => {
  using store = documentStore({ memory: 0, folder: "/proc" });
  assert.throws(
    () => store.add({ id: "a", text: "text" }),
    (error) => error instanceof UserError && error.code === "data.store" && error.message.includes("/proc"),
  );
});

Deno.test("`textSet()` knows every text once, as a Set does, also after texts were removed", () => {
  const stream = random(SEED, "set");
  const set = textSet();
  const expected: string[] = [];
  const there = new Set<string>();
  for (let i = 0; i < 30_000; i++) {
    if (stream.int(5000) === 0) {
      const size = expected.length - stream.int(expected.length + 1);
      set.truncate(size);
      for (const removed of expected.splice(size)) there.delete(removed);
    }
    const text = `text ${stream.int(20_000)}`;
    const isNew = !there.has(text);
    assert.equal(set.add(text), isNew, `seed ${SEED}, ${i}`);
    if (isNew) expected.push(text);
    there.add(text);
    assert.equal(set.size, expected.length);
  }
});

Deno.test("`sortByRank()` sorts as a stable sort does, for ranks up to 2^32 - 1", () => {
  const stream = random(SEED, "ranks");
  const items = uint32Column();
  const ranks = uint32Column();
  for (let i = 0; i < 5000; i++) {
    items.push(4999 - i);
    ranks.push(stream.int(3) === 0 ? 4294967295 - stream.int(3) : stream.int(4294967296));
  }
  const expected = [...items.values()].sort((a, b) => ranks.get(a) - ranks.get(b));
  assert.deepEqual([...sortByRank(items.values(), ranks.get)], expected);
});
