// `deno task domains`: what it prints, and what it refuses.
import assert from "node:assert/strict";
import { join } from "node:path";
import { domainsCommand } from "../../lib/cli/domains.ts";
import { clusteringSchema } from "../../lib/domains/description.ts";
import { UserError } from "../../lib/errors.ts";
import { random } from "../../lib/random.ts";
import { withFolder } from "../run/fixtures.ts";

async function printed(...args: string[]): Promise<string> {
  const lines: string[] = [];
  await domainsCommand(args, (text) => lines.push(text));
  return lines.join("\n");
}

/** A file of documents about the sea and about law. */
async function twoTopics(folder: string): Promise<string> {
  const draw = random(1, "topics");
  const topics = ["whale ship sea sail deck".split(" "), "law court judge treaty senate".split(" ")];
  const documents = Array.from(
    { length: 40 },
    (_, at) => JSON.stringify(Array.from({ length: 12 }, () => draw.pick(topics[at % 2]!)).join(" ") + ` ${at}`),
  );
  const path = join(folder, "mixed.jsonl");
  await Deno.writeTextFile(path, documents.join("\n"));
  return path;
}

Deno.test("`domains discover` shows the clusters, and the next command; --json has all of it", async () => {
  await withFolder(async (folder) => {
    const path = await twoTopics(folder);
    const text = await printed("discover", path, "--count", "2", "--out", join(folder, "a"));
    assert.match(text, /near no center/);
    assert.match(text, /40 documents .* in 2 clusters, fitted to all of them, sizes balanced/);
    assert.match(text, /typical documents:\n {2}\S/);
    assert.match(text, /deno task bts --config .*a\/config\.yaml$/m);
    const json = JSON.parse(await printed("discover", path, "--count", "2", "--out", join(folder, "b"), "--json"));
    const { clusters } = clusteringSchema.parse(json);
    assert.deepEqual(clusters.map(({ documents }) => documents), [20, 20]);
  });
});

Deno.test("`domains assign` shows where new documents go, and drift; --json has all of it", async () => {
  await withFolder(async (folder) => {
    const path = await twoTopics(folder);
    const out = join(folder, "out");
    await printed("discover", path, "--count", "2", "--out", out);
    assert.match(await printed("assign", path, "--with", out), /40 documents\nNo drift/);
    await Deno.writeTextFile(
      join(folder, "new.jsonl"),
      Array(20).fill('"whale sea ship"').map((x, i) => `${x.slice(0, -1)} ${i}"`).join("\n"),
    );
    await Deno.writeTextFile(join(folder, "twice.jsonl"), '"whale sea ship"\n"whale sea ship"\n"whale sea"\n');
    assert.match(await printed("assign", join(folder, "twice.jsonl"), "--with", out), /left out: 1 exact repetition$/m);
    const args = ["assign", join(folder, "new.jsonl"), "--with", out];
    assert.match(await printed(...args), /Drift:\n- the clusters have other shares/);
    const json = JSON.parse(await printed(...args, "--json"));
    assert.equal(json.documents, 20);
    assert.equal(json.findings.length > 0, true);
  });
});

const WRONG: Readonly<Record<string, [args: string[], words: RegExp]>> = {
  "a count of 1": [["--count", "1"], /--count 1: .* from 2 to 512/],
  "a count of thousands": [["--count", "5000"], /--count 5000: .* from 2 to 512/],
  "a count that is no number": [["--count", "many"], /--count/],
  "a folder that is not empty": [["--out", "."], /not empty/],
  "hidden states without a model": [["--features", "hidden"], /--model/],
  "a model that is not used": [["--model", "last"], /--features hidden/],
  "features that there are not": [["--features", "bert"], /tf-idf, hidden/],
  "an unknown option": [["--cont", "3"], /--count/],
};

for (const [name, [args, words]] of Object.entries(WRONG)) {
  Deno.test(`\`domains discover\` refuses ${name} in one sentence, and writes nothing`, async () => {
    await withFolder(async (folder) => {
      const path = await twoTopics(folder);
      await assert.rejects(printed("discover", path, "--out", join(folder, "out"), ...args), (error) => {
        assert.ok(error instanceof UserError, String(error));
        assert.match(`${error.message} ${error.hint}`, words);
        return true;
      });
      assert.deepEqual(Array.from(Deno.readDirSync(folder), ({ name }) => name), ["mixed.jsonl"]);
    });
  });
}

Deno.test("`domains` names the nearest subcommand", async () => {
  await assert.rejects(printed("discovr"), /domains discover|Unknown command/);
});
