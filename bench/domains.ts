// Peak memory and time of discovering domains in some documents and in ten times as many: the whole command, from a file
// of synthetic documents to the folder with a file for each domain. Also how large the clusters are, and the share of
// documents whose cluster is that of most documents of their topic.
//
//   deno task bench:domains [--documents 100000] [--times 10] [--count 16] [--json]
//
// Needs Linux, which tells how much memory a process had.
import { join } from "node:path";
import { type Clustering, clusteringSchema } from "../lib/domains/mod.ts";
import { random } from "../lib/random.ts";
import { type Column, formatTable, numberColumn } from "../lib/run/mod.ts";
import { measured, measuresMemory } from "./corpus/measured.ts";
import { readCount, readFlags, refuse } from "./flags.ts";

/** Words of the vocabulary, those of a topic, and those of a document. */
const [WORDS, TOPIC_WORDS, LENGTH] = [20_000, 400, 60];

const flags = readFlags(import.meta.url, {
  documents: { type: "string", default: "100000" },
  times: { type: "string", default: "10" },
  count: { type: "string", default: "16" },
  json: { type: "boolean", default: false },
});
const documents = readCount("--documents", flags.documents);
const times = readCount("--times", flags.times);
const count = readCount("--count", flags.count);
if (!measuresMemory) refuse("Only Linux tells how much memory a process had");

const folder = await Deno.makeTempDir({ prefix: "bench-domains-" });
try {
  const rows = [];
  for (const total of [documents, documents * times]) {
    const file = await writeDocuments(folder, total);
    const { size } = await Deno.stat(file);
    const out = join(folder, `domains-${total}`);
    const args = ["domains", "discover", file, "--count", String(count), "--out", out, "--json"];
    const { stdout, seconds, peakBytes } = await measured(["run", "-A", "--no-check", "main.ts", ...args]);
    const { clusters } = clusteringSchema.parse(JSON.parse(stdout));
    const sizes = clusters.map(({ documents }) => documents);
    rows.push({
      documents: total,
      megabytes: size / 1e6,
      peak: peakBytes / 1e6,
      seconds,
      speed: total / seconds,
      smallest: Math.min(...sizes),
      largest: Math.max(...sizes),
      purity: 100 * await purity(out, clusters),
    });
    await Deno.remove(file);
    await Deno.remove(out, { recursive: true });
  }
  const ratio = rows[1]!.peak / rows[0]!.peak;
  if (flags.json) console.log(JSON.stringify({ rows, ratio }));
  else {
    const columns: Column[] = [
      numberColumn("documents", "documents", 0),
      numberColumn("megabytes", "text, MB", 0),
      numberColumn("peak", "peak memory, MB", 0),
      numberColumn("seconds", "seconds", 1),
      numberColumn("speed", "documents/s", 0),
      numberColumn("smallest", "smallest cluster", 0),
      numberColumn("largest", "largest", 0),
      numberColumn("purity", "of the cluster's topic, %", 1),
    ];
    console.log(formatTable({ name: "domains", title: `Discovery of ${count} domains`, columns, rows }));
    console.log(`Peak memory for ${times} times the documents: ${ratio.toFixed(2)} times`);
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** Writes documents of `count` topics in turn: half of the words are of the topic, half of the language. */
async function writeDocuments(folder: string, total: number): Promise<string> {
  const draw = random(1, "documents");
  const words = Array.from({ length: WORDS }, (_, at) => `w${at.toString(36)}x`);
  const topics = Array.from({ length: count }, () => draw.shuffle(words).slice(0, TOPIC_WORDS));
  // The square of a uniform number prefers the first words, as languages do.
  const pick = (list: readonly string[]) => list[Math.floor(draw.float() ** 2 * list.length)]!;
  const path = join(folder, `${total}.jsonl`);
  using file = await Deno.open(path, { write: true, createNew: true });
  const writer = file.writable.getWriter();
  const encoder = new TextEncoder();
  let waiting = "";
  for (let number = 0; number < total; number++) {
    const topic = topics[number % count]!;
    const text = Array.from({ length: LENGTH }, (_, at) => pick(at % 2 === 0 ? topic : words)).join(" ");
    waiting += `{"text":"${text}"}\n`;
    if (waiting.length > 1 << 20 || number === total - 1) {
      await writer.write(encoder.encode(waiting));
      waiting = "";
    }
  }
  writer.releaseLock();
  return path;
}

/** The share of documents that are of the most frequent topic of their cluster. */
async function purity(out: string, clusters: Clustering["clusters"]): Promise<number> {
  let right = 0, all = 0;
  for (const { file } of clusters) {
    const topics = new Float64Array(count);
    const opened = await Deno.open(join(out, file));
    const lines = opened.readable.pipeThrough(new TextDecoderStream());
    let rest = "";
    for await (const block of lines) {
      const parts = (rest + block).split("\n");
      rest = parts.pop()!;
      // Records are numbered from 1.
      for (const line of parts) topics[(Number(/#(\d+)"/.exec(line)![1]) - 1) % count]!++;
    }
    right += Math.max(...topics);
    all += topics.reduce((sum, one) => sum + one, 0);
  }
  return right / all;
}
