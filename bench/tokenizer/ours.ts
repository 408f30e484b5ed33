// Tokenizes JSON lines with our tokenizer; prints the seconds of processor time and a hash of the ids. Started by
// bench/tokenizer.ts.
//
//   deno run -A bench/tokenizer/ours.ts <texts.jsonl> <tokenizer.json>
import { createHash } from "node:crypto";
import process from "node:process";
import { openTokenizer } from "../../lib/data/mod.ts";

const [textPath, tokenizerPath] = Deno.args as [string, string];
const lines = Deno.readTextFileSync(textPath).trimEnd().split("\n");
const texts = lines.map((line): string => JSON.parse(line).text);
const tokenizer = openTokenizer(JSON.parse(Deno.readTextFileSync(tokenizerPath)));
const before = process.cpuUsage();
const ids = texts.map((text) => tokenizer.encode(text));
const { user, system } = process.cpuUsage(before); // of all threads: what collects garbage, too
const hash = createHash("sha256");
for (const list of ids) hash.update(Uint32Array.from(list)).update("|");
console.log(JSON.stringify({ seconds: [(user + system) / 1e6], ids: hash.digest("hex") }));
