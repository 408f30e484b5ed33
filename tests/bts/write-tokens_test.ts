// Token files have the same bytes however many workers write them, and wherever they were interrupted.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { openStreams, readTokenizer, streamFiles, type Text, writeTokenizer } from "../../lib/bts/text.ts";
import { writeTokens } from "../../lib/bts/write-tokens.ts";
import { dataConfigSchema } from "../../lib/data/config.ts";
import type { Document, LoadedCorpus, SplitName } from "../../lib/data/types.ts";
import { loadCorpus } from "../../lib/data/corpus.ts";
import { openTokenizer } from "../../lib/data/tokenizer/open.ts";
import { tokenizeDocuments } from "../../lib/data/batches/tokenize.ts";
import { trainTokenizer } from "../../lib/data/tokenizer/train.ts";
import { beginRun } from "../../lib/run/cells/run.ts";
import type { CellContext, CellResult } from "../../lib/run/cells/cell.ts";
import { emptyResults, options, withFolder } from "../run/fixtures.ts";

const SPLITS = ["train", "validation", "heldout"] as const;

const loaded = await loadCorpus(
  dataConfigSchema.parse({ domains: ["english", "code"], trainBytes: 200_000, heldoutBytes: 30_000 }),
  { seed: 1 },
);
/** Every third document of the training code, as a conversation whose middle is scored. */
const code: Document[] = Array.from(loaded.documents["code"]!.train, (document, i) => {
  const { length } = document.text;
  const scored = [[Math.floor(length / 4), Math.floor(length / 2)]] as const;
  return i % 3 === 0 ? { ...document, chat: { scored, opening: 0 } } : document;
});
const corpus: Pick<LoadedCorpus, "domains" | "documents" | "report"> = {
  ...loaded,
  documents: { ...loaded.documents, code: { ...loaded.documents["code"]!, train: code } },
};
const json = trainTokenizer(Array.from(corpus.documents["code"]!.train, ({ text }) => text), { vocabSize: 400 });
const WORK = {
  corpus,
  json,
  vocabSize: 400,
  blockSize: 20_000,
  checkpoint: { steps: 2, minutes: null, keep: 2 },
};

/** Runs the cell; `watch` is told the number of checkpoints saved, and may abort it. */
async function tokenized(
  runs: string,
  workers: number,
  { continues, watch = () => {} }: { continues?: string; watch?: (saved: number, abort: () => void) => void } = {},
) {
  const stop = new AbortController();
  const run = await beginRun(options(runs, { plan: [], signal: stop.signal, ...(continues ? { continues } : {}) }));
  let saved = 0;
  const body = async (cell: CellContext) => {
    const checkpoints: CellContext["checkpoints"] = {
      ...cell.checkpoints,
      async save(point, write) {
        await cell.checkpoints.save(point, write);
        watch(++saved, () => stop.abort(new Error("stopped")));
      },
    };
    return (await writeTokens({ ...cell, checkpoints }, { ...WORK, workers })).sizes;
  };
  const spec = {
    name: "tokens",
    title: "Tokens",
    description: "",
    inputs: {},
    code: import.meta,
    output: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.number()))),
  };
  try {
    const result = await run.cell(spec, body);
    run.finish(emptyResults);
    return { id: run.id, result };
  } catch (error) {
    run.fail(error);
    if (!stop.signal.aborted) throw error;
    return { id: run.id };
  }
}

/** The bytes of all token files. */
async function bytesOf({ folder }: Pick<CellResult<unknown>, "folder">): Promise<Record<string, Uint8Array>> {
  const files = corpus.domains.flatMap((domain) =>
    SPLITS.flatMap((split) => Object.values(streamFiles(folder, domain, split, 400)) as string[])
  ).filter((path) => existsSync(path));
  return Object.fromEntries(
    await Promise.all(files.map(async (path) => [basename(path), await Deno.readFile(path)] as const)),
  );
}

Deno.test("`writeTokens()` writes the tokens of all documents in order, with 0, 1 and 3 workers alike", () =>
  withFolder(async (folder) => {
    const expected: Record<string, number[]> = {};
    const tokenizer = openTokenizer(json);
    for (const domain of corpus.domains) {
      for (const split of SPLITS) {
        const { tokens, starts, unscored, bytes } = tokenizeDocuments(corpus.documents[domain]![split], tokenizer);
        expected[`${domain}.${split}.tokens.u16`] = [...tokens];
        expected[`${domain}.${split}.starts.f64`] = [...starts];
        if (unscored.length > 0) expected[`${domain}.${split}.unscored.f64`] = [...unscored];
        assert.equal(bytes, corpus.report[domain]!.splits[split].bytes);
      }
    }
    assert.equal(Object.keys(expected).length, 13, "only the training code has a file of what is not scored");
    for (const workers of [0, 1, 3]) {
      const { result } = await tokenized(join(folder, String(workers)), workers);
      const files = await bytesOf(result!);
      const numbers = Object.fromEntries(
        Object.entries(files).map(([name, { buffer }]) => [
          name,
          [...name.endsWith("u16") ? new Uint16Array(buffer) : new Float64Array(buffer)],
        ]),
      );
      assert.deepEqual(numbers, expected, `${workers} workers`);
    }
  }));

Deno.test("`writeTokens()` that is stopped goes on from its checkpoints to the same bytes, and removes them", () =>
  withFolder(async (folder) => {
    const whole = await tokenized(join(folder, "whole"), 0);
    const runs = join(folder, "parts");
    let continues: string | undefined;
    for (const count of [1, 2, 4]) {
      const { id, result } = await tokenized(runs, 2, {
        ...(continues === undefined ? {} : { continues }),
        watch: (saved, abort) => saved === count && abort(),
      });
      assert.equal(result, undefined, "it was stopped");
      continues = id;
    }
    const store = join(runs, ".checkpoints");
    const [cell] = Array.from(Deno.readDirSync(store), ({ name }) => name);
    const steps = Array.from(Deno.readDirSync(join(store, cell!)), ({ name }) => name).sort();
    assert.ok(steps.length >= 6, String(steps));
    // Each checkpoint has only what is new.
    const sizes = steps.map((step) => {
      const files = [...Deno.readDirSync(join(store, cell!, step))].filter(({ name }) => name.endsWith(".u16"));
      return files.reduce((sum, { name }) => sum + Deno.statSync(join(store, cell!, step, name)).size, 0);
    });
    assert.ok(Math.max(...sizes) < 60_000, String(sizes));
    const { result } = await tokenized(runs, 2, { continues: continues! });
    assert.deepEqual(await bytesOf(result!), await bytesOf(whole.result!));
    assert.deepEqual(result!.value, whole.result!.value);
    assert.ok(![...Deno.readDirSync(store)].some(({ name }) => name === cell));
  }));

Deno.test("`writeTokens()` goes on from the checkpoint before one that is damaged", () =>
  withFolder(async (folder) => {
    const whole = await tokenized(join(folder, "whole"), 0);
    const runs = join(folder, "parts");
    const { id } = await tokenized(runs, 0, { watch: (saved, abort) => saved === 5 && abort() });
    const store = join(runs, ".checkpoints");
    const [cell] = Array.from(Deno.readDirSync(store), ({ name }) => name);
    const third = Array.from(Deno.readDirSync(join(store, cell!)), ({ name }) => name).sort()[2]!;
    await Deno.writeTextFile(join(store, cell!, third, "state.json"), "{}");
    const { result } = await tokenized(runs, 0, { continues: id });
    assert.deepEqual(await bytesOf(result!), await bytesOf(whole.result!));
  }));

Deno.test("tokens and tokenizer are read back from a cell's folder", () =>
  withFolder(async (folder) => {
    const { result } = await tokenized(folder, 0);
    const bytes = Object.fromEntries(
      Object.entries(result!.value).map(([domain, splits]) => [
        domain,
        Object.fromEntries(SPLITS.map((split: SplitName) => [split, splits[split]!["bytes"]!])),
      ]),
    );
    const text: Text = { ...result!, value: { vocabSize: 400, bytes } };
    for (const [domain, splits] of Object.entries(openStreams(text))) {
      for (const split of SPLITS) {
        const { tokens, documents, bytes } = result!.value[domain]![split]!;
        assert.deepEqual([splits[split].length, splits[split].bytes], [tokens, bytes]);
        let [count, place] = [0, splits[split].nextStart(-1)];
        for (; place < Infinity; count++) place = splits[split].nextStart(place);
        assert.equal(count, documents);
      }
    }
    await writeTokenizer(folder, json);
    assert.deepEqual(await readTokenizer({ ...text, folder }), json);
  }));
