// What the viewer costs with many runs and with a long run: times, and bytes as they are sent. Prints a table.
//
//   deno task bench:viewer [--runs 10000] [--points 1000000] [--rounds 5] [--browser on]
//
// Many runs: the server starts with an index that is there; a page of the table, the same page again, and after one run
// has changed; a run by its id and by `last`. A long run: `--points` values, five for each step, opened cold (a new
// server each time) with the fold that is kept beside its log and without it, in parts, and with one step more. Bytes are
// those of answers, compressed as browsers ask for. With a browser, pages are opened in Chromium with an empty cache:
// until the first contentful paint, and until there is a curve; bytes are those of everything that the page loads. The
// server runs in a worker, as beside training. Medians of `--rounds`. Run it on a quiet machine.
import { chromiumPath } from "../lib/host/mod.ts";
import { openBrowser } from "./viewer/browser.ts";
import { measureLongRun } from "./viewer/long-run.ts";
import { measureManyRuns } from "./viewer/many-runs.ts";
import { printTable } from "./viewer/measured.ts";
import { readChoices, readCount, readFlags } from "./flags.ts";

const flags = readFlags(import.meta.url, {
  runs: { type: "string", default: "10000" },
  points: { type: "string", default: "1000000" },
  rounds: { type: "string", default: "5" },
  browser: { type: "string", default: "on" },
});
const runs = readCount("--runs", flags.runs);
const points = flags.points === "1000000" ? 1_000_000 : readCount("--points", flags.points);
const rounds = readCount("--rounds", flags.rounds);
const [wanted] = readChoices("--browser", flags.browser, ["on", "off"]);
if (wanted === "on" && chromiumPath() === undefined) console.error("There is no Chromium: pages are not opened");

await using browser = wanted === "on" && chromiumPath() !== undefined ? await openBrowser() : undefined;
printTable(`${runs.toLocaleString("en")} runs`, await measureManyRuns({ runs, rounds, browser }));
printTable(`A run of ${points.toLocaleString("en")} points`, await measureLongRun({ points, rounds, browser }));
