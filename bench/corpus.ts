// Peak memory and time for a text and for one ten times as large: the whole command, from text to the measured models.
// Each is run once to its end, and once killed (SIGKILL) in the middle of tokenizing and resumed, to the same tokens.
//
//   deno task bench:corpus [--megabytes 30] [--times 10] [--json]
//
// Needs Linux, which tells how much memory a process had.
import { join } from "node:path";
import { type Column, formatTable, numberColumn, textColumn } from "../lib/run/mod.ts";
import { measured, measuresMemory } from "./corpus/measured.ts";
import { writeText } from "./corpus/text.ts";
import { readCount, readFlags, refuse } from "./flags.ts";

const flags = readFlags(import.meta.url, {
  megabytes: { type: "string", default: "30" },
  times: { type: "string", default: "10" },
  json: { type: "boolean", default: false },
});
const megabytes = readCount("--megabytes", flags.megabytes);
const times = readCount("--times", flags.times);
if (!measuresMemory) refuse("Only Linux tells how much memory a process had");

const folder = await Deno.makeTempDir({ prefix: "bench-corpus-" });
try {
  const rows: { text: number; run: string; peak: number; seconds: number; speed: number | null }[] = [];
  for (const size of [megabytes, megabytes * times]) {
    const file = await writeText(folder, size * 1e6);
    const whole = await command(file, join(folder, `whole-${size}`));
    const killed = await command(file, join(folder, `killed-${size}`), true);
    const resumed = await command(file, join(folder, `killed-${size}`));
    if (JSON.stringify(resumed.tokens) !== JSON.stringify(whole.tokens)) throw new Error("Other tokens after a kill");
    const parts = [["to its end", whole], ["killed", killed], ["resumed", resumed]] as const;
    for (const [run, { peakBytes, seconds, megabytesPerSecond }] of parts) {
      rows.push({ text: size, run, peak: peakBytes / 1e6, seconds, speed: megabytesPerSecond ?? null });
    }
    await Deno.remove(file);
  }
  const most = (size: number) => Math.max(...rows.filter(({ text }) => text === size).map(({ peak }) => peak));
  const ratio = most(megabytes * times) / most(megabytes);
  if (flags.json) console.log(JSON.stringify({ rows, ratio }));
  else {
    const columns: Column[] = [
      numberColumn("text", "text, MB", 0),
      textColumn("run", "run"),
      numberColumn("peak", "peak memory, MB", 0),
      numberColumn("seconds", "seconds", 1),
      numberColumn("speed", "tokenized, MB/s", 1),
    ];
    console.log(formatTable({ name: "corpus", title: "Corpora of two sizes", columns, rows }));
    console.log(`Peak memory for ${times} times the text: ${ratio.toFixed(2)} times`);
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** Runs the experiment on a file; killed when half of the text is tokenized. */
async function command(file: string, runs: string, kill = false) {
  const set = {
    "data.builtin": "none",
    "data.domains.text": file,
    "data.trainBytes": "10000000000",
    "checkpoint.minutes": "0.02",
  };
  const settings = Object.entries(set).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
  const args = ["run", "-A", "--no-check", "experiments/bts.ts", "--preset", "smoke", "--device", "cpu", "--no-serve"];
  const measuredRun = await measured([...args, "--runs", runs, ...settings], () => kill && share(runs) > 0.5);
  if (measuredRun.killed !== kill) throw new Error(`${file} is too small: the run ended before it could be killed`);
  const log = events(runs);
  const speeds = log.flatMap(({ cell, values }) => cell === "data" ? values?.megabytesPerSecond ?? [] : []);
  const tokens = log.flatMap(({ kind, cell, name, sha256 }) =>
    kind === "artifact" && cell === "data" ? [[name!, sha256!]] : []
  );
  return { ...measuredRun, megabytesPerSecond: speeds.at(-1), tokens };
}

/** The part of the events of a run that is read here. */
interface LoggedEvent {
  readonly kind: string;
  readonly cell?: string;
  readonly name?: string;
  readonly sha256?: string;
  readonly step?: number;
  readonly steps?: number;
  readonly values?: { readonly megabytesPerSecond?: number };
}

/** The events of the only run in a folder. */
function events(runs: string): LoggedEvent[] {
  try {
    const run = Array.from(Deno.readDirSync(runs)).find(({ name }) => /^\d/.test(name));
    if (run === undefined) return [];
    const lines = Deno.readTextFileSync(join(runs, run.name, "events.jsonl")).split("\n");
    return lines.slice(0, -1).map((line) => JSON.parse(line));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** The share of the text that is tokenized. */
function share(runs: string): number {
  const { step = 0, steps = 1 } = events(runs).findLast(({ cell, steps }) => cell === "data" && steps) ?? {};
  return step / steps;
}
