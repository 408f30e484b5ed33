// `deno task test:faults`: kills a run at random instants, tries every fault of the catalogue, and prints what came of it.
import { Command } from "commander";
import {
  formatTable,
  parseWithCommander,
  readInteger,
  repositoryRoot,
  runMain,
  type Table,
} from "../../lib/run/mod.ts";
import { CATALOGUE } from "./catalogue.ts";
import { writeWhileRead } from "./index-load.ts";
import { killAtRandom, type KillReport } from "./kills.ts";

/** One row of the table. */
interface Outcome {
  readonly number: number;
  readonly fault: string;
  readonly tried: number;
  readonly survived: number;
  readonly seconds: number;
  /** What more there is to say, or what went wrong. */
  readonly note: string;
}

interface TestResult {
  readonly file: string;
  readonly title: string;
  readonly outcome: "passed" | "failed" | "skipped";
  readonly seconds: number;
}

async function main(): Promise<void> {
  const command = new Command("test:faults").description("Kills a run at random instants and tries every other fault.")
    .option("--kills <number>", "how many random kills", "50")
    .option("--seed <number>", "seed of the instants (default: another one each time)")
    .option("--lanes <number>", "runs at once", String(Math.min(4, navigator.hardwareConcurrency)))
    .option("--json", "write one JSON object, the last line of stdout");
  const parsed = parseWithCommander(command, Deno.args);
  if (parsed.kind === "help") return console.log(parsed.text.trimEnd());
  const { kills, lanes, json } = parsed.options;
  const seed = parsed.options.seed === undefined
    ? crypto.getRandomValues(new Uint32Array(1))[0]!
    : readInteger("--seed", String(parsed.options.seed), 0, 2 ** 32 - 1);
  const began = performance.now();
  const say = (text: string) => console.error(text);
  say(`Random kills (seed ${seed})`);
  const outcomes: Outcome[] = [];
  outcomes.push(
    await row(5, "kill -9 at random instants", async () => {
      const count = readInteger("--kills", String(kills), 1, 100_000);
      const report = await killAtRandom({
        count,
        seed,
        lanes: readInteger("--lanes", String(lanes), 1, 64),
        say: (text) => say(`  ${text}`),
      });
      return killOutcome(report);
    }),
    await row(11, "16 processes write 1,000 events each while the index is read", writeWhileRead),
  );
  say("Tests of the other faults");
  outcomes.push(...outcomesOf(await runTests(say)));
  outcomes.sort((a, b) => a.number - b.number);
  console.log(formatTable(tableOf(outcomes)));
  const ok = outcomes.every(({ tried, survived }) => tried > 0 && survived === tried);
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(`\n${ok ? "All survived" : "NOT all survived"}, in ${seconds} s (seed ${seed})`);
  if (json) console.log(JSON.stringify({ ok, seed, seconds, faults: outcomes }));
  if (!ok) Deno.exitCode = 1;
}

type Tried = Pick<Outcome, "tried" | "survived" | "note">;

async function row(number: number, fault: string, attempt: () => Promise<Tried>): Promise<Outcome> {
  const began = performance.now();
  const tried = await attempt().catch((error): Tried => ({ tried: 1, survived: 0, note: String(error) }));
  return { number, fault, ...tried, seconds: (performance.now() - began) / 1000 };
}

function killOutcome({ kills, indexKills, undisturbed, hashes }: KillReport): Tried {
  const same = hashes.every((hash) => hash === undisturbed);
  const count = (test: (kill: KillReport["kills"][number]) => boolean) => kills.filter(test).length;
  const note = [
    `${count(({ doing }) => doing === "training")} in training`,
    `${count(({ doing }) => doing === "in a checkpoint")} in a checkpoint`,
    `${count(({ doing }) => doing === "moving a cell into place")} while a cell's results were kept`,
    `${count(({ cell }) => cell === "stitch")} in the stitch phase`,
    `${indexKills} more in updates of the index`,
    same ? `${hashes.length} runs, one hash` : `OTHER WEIGHTS: ${hashes.join("; ")} instead of ${undisturbed}`,
  ].join(", ");
  return { tried: kills.length, survived: same ? kills.length : 0, note };
}

/** Runs the catalogue's tests, file by file. */
async function runTests(say: (text: string) => void): Promise<TestResult[]> {
  const titles = new Map<string, string[]>();
  for (const [file, pattern] of CATALOGUE.flatMap(({ tried }) => tried)) {
    titles.set(file, [...titles.get(file) ?? [], pattern.source]);
  }
  const results: TestResult[] = [];
  for (const [file, patterns] of titles) {
    const report = await Deno.makeTempFile({ suffix: ".xml" });
    try {
      await new Deno.Command(Deno.execPath(), {
        args: ["test", "-A", "--no-check", `--junit-path=${report}`, `--filter=/${patterns.join("|")}/`, file],
        cwd: repositoryRoot,
        env: { NO_COLOR: "1" },
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).output();
      const found = parseReport(await Deno.readTextFile(report), file);
      results.push(...found);
      const count = (outcome: TestResult["outcome"]) => found.filter((result) => result.outcome === outcome).length;
      say(`  ${file}: ${count("passed")} passed, ${count("failed")} failed`);
    } finally {
      await Deno.remove(report);
    }
  }
  return results;
}

/** The test cases of a JUnit report. */
function parseReport(xml: string, file: string): TestResult[] {
  const plain = (text: string) =>
    text.replaceAll("&quot;", '"').replaceAll("&apos;", "'").replaceAll("&lt;", "<").replaceAll("&gt;", ">")
      .replaceAll("&#x27;", "'").replaceAll("&amp;", "&");
  return [...xml.matchAll(/<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)].map(([, attributes, inner = ""]) => {
    const attribute = (name: string) => plain(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes!)?.[1] ?? "");
    return {
      file,
      title: attribute("name"),
      outcome: /<(failure|error)/.test(inner) ? "failed" : /<skipped/.test(inner) ? "skipped" : "passed",
      seconds: Number(attribute("time")) || 0,
    };
  });
}

function outcomesOf(results: readonly TestResult[]): Outcome[] {
  return CATALOGUE.map(({ number, fault, tried }) => {
    const mine = results.filter(({ file, title }) =>
      tried.some(([path, titles]) => file === path && titles.test(title))
    );
    const untried = tried.filter(([path, titles]) =>
      !results.some(({ file, title }) => file === path && titles.test(title))
    );
    const failed = mine.filter(({ outcome }) => outcome === "failed").map(({ title }) => title);
    const skipped = mine.filter(({ outcome }) => outcome === "skipped").length;
    const notes = [
      ...failed.map((title) => `FAILED: ${title}`),
      ...untried.map(([path]) => `NOT TRIED: ${path}`),
      ...skipped === 0 ? [] : [`${skipped} skipped: this machine lacks what they need`],
    ];
    return {
      number,
      fault,
      note: notes.join("; "),
      tried: mine.length - skipped + untried.length,
      survived: mine.filter(({ outcome }) => outcome === "passed").length,
      seconds: mine.reduce((sum, { seconds }) => sum + seconds, 0),
    };
  });
}

function tableOf(outcomes: readonly Outcome[]): Table {
  const number = (key: string, digits = 0) => ({ key, title: key, kind: "number", digits }) as const;
  return {
    name: "faults",
    title: "Faults tried, and how many were survived",
    columns: [
      { ...number("number"), title: "" },
      { key: "fault", title: "fault", kind: "text" },
      number("tried"),
      number("survived"),
      number("seconds", 1),
      { key: "note", title: "", kind: "text" },
    ],
    rows: outcomes.map((outcome) => ({ ...outcome })),
  };
}

await runMain(main);
Deno.exit();
