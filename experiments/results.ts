// Every study over several seeds, and the page that puts them beside the paper.
//
//     deno task results --preset study --seeds 1,2,3
//
// Studies run one after the other in processes of their own and share cached cells: seed, experts and stitches are
// trained once. Stopped or killed, the same command goes on where it was.
import { dirname } from "node:path";
import { Command } from "commander";
import { z } from "zod";
import { nearest, UserError } from "../lib/errors.ts";
import {
  defaultRunsFolder,
  parseWithCommander,
  readRun,
  readSeeds,
  repositoryRoot,
  runMain,
  type RunView,
  versions,
  writeTextAtomically,
} from "../lib/run/mod.ts";
import { duration } from "../lib/report/mod.ts";
import { baselinesStudy } from "./baselines.ts";
import { baselineDirections } from "./bts/baselines-paper.ts";
import { btsConfigSchema, btsDefinition } from "./bts/config.ts";
import { crosslingualStudy } from "./crosslingual.ts";
import { expertsStudy } from "./experts.ts";
import { gatesStudy } from "./gates.ts";
import { hubStudy } from "./hub.ts";
import { initialisationStudy } from "./initialisation.ts";
import { modularityStudy } from "./modularity.ts";
import { stitchCountStudy } from "./stitch-count.ts";
import { stitchKindsStudy } from "./stitch-kinds.ts";
import { studyPresets } from "./studies/presets.ts";
import { resultsMarkdown, type StudyRuns } from "./studies/results.ts";
import type { Study } from "./studies/study.ts";

/** What the page needs to know of a study. */
type Section = Pick<Study, "name" | "title" | "question" | "directions">;

/** The main job, at a preset of its own. */
const MAIN: Section = {
  name: "bts",
  title: "The main job",
  question: btsDefinition.description,
  directions: ({ experts }) => baselineDirections(["seed", ...experts.map((name) => `expert:${name}`), "soup", "btm"]),
};

/** In the order of the page. */
const STUDIES: readonly Section[] = [
  MAIN,
  baselinesStudy,
  stitchCountStudy,
  stitchKindsStudy,
  hubStudy,
  crosslingualStudy,
  initialisationStudy,
  gatesStudy,
  expertsStudy,
  modularityStudy,
];

/** The main job's settings; what a study adds to them is left out. */
const settingsSchema = z.object(btsConfigSchema.shape);

async function main(args: readonly string[]): Promise<void> {
  const names = STUDIES.map(({ name }) => name);
  const command = new Command("results")
    .description("Runs every study over several seeds and writes docs/results.md.")
    .option("--preset <name>", "preset of all studies", "study")
    .option("--main <name>", "preset of the main job, the first section", "lab")
    .option("--seeds <list>", "seeds, such as 1,2,3", "1,2,3")
    .option("--only <list>", `some of the studies: ${names.join(", ")}`)
    .option("--runs <folder>", "where runs live", defaultRunsFolder())
    .option("--out <file>", "the page", "docs/results.md");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return console.log(parsed.text.trimEnd());
  const { preset, main: mainPreset, seeds, runs, out, only } = parsed.options as Record<string, string>;
  const wanted = only === undefined ? names : only.split(",");
  // All of it before the first run: a mistake found after an hour of training is found too late.
  for (const name of wanted) oneOf("--only", name, names);
  oneOf("--preset", preset!, Object.keys(studyPresets({})));
  oneOf("--main", mainPreset!, Object.keys(btsDefinition.presets));
  readSeeds(seeds!);
  await writableFolder(out!);
  const began = performance.now();
  const found: StudyRuns[] = [];
  for (const study of STUDIES.filter(({ name }) => wanted.includes(name))) {
    console.error(`\n=== ${study.title} (experiments/${study.name}.ts)`);
    const own = study === MAIN ? mainPreset! : preset!;
    const views = await runStudy(study.name, ["--preset", own, "--seeds", seeds!], runs!);
    const config = settingsSchema.parse(views[0]!.config);
    found.push({ ...study, directions: study.directions(config), views });
  }
  const again = `deno task results --preset ${preset} --main ${mainPreset} --seeds ${seeds}` +
    (only === undefined ? "" : ` --only ${only}`);
  await writeTextAtomically(out!, resultsMarkdown(found, again, await madeOf(found)));
  console.error(`\nWritten: ${out}, after ${duration((performance.now() - began) / 1000)}`);
}

/** @throws UserError `results.choice` naming what there is, and the nearest */
function oneOf(option: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return;
  const near = nearest(value, choices);
  throw new UserError(
    "results.choice",
    `${option} names "${value}": expected ${choices.join(", ")}`,
    near === undefined ? undefined : `did you mean ${near}?`,
  );
}

/** @throws UserError `results.out` when the page's folder is not there */
async function writableFolder(page: string): Promise<void> {
  const isFolder = await Deno.stat(dirname(page)).then(({ isDirectory }) => isDirectory, () => false);
  if (!isFolder) throw new UserError("results.out", `Cannot write ${page}: there is no folder ${dirname(page)}`);
}

/** Runs one study as its own command and reads the runs that it names. */
async function runStudy(name: string, args: readonly string[], runsFolder: string): Promise<RunView[]> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `experiments/${name}.ts`, ...args, "--no-serve", "--json", "--runs", runsFolder],
    cwd: repositoryRoot,
    stdin: "null",
    stderr: "inherit",
  }).output();
  if (!success) {
    throw new UserError(
      "results.failed",
      `The study ${name} did not come to its end; its own message is above`,
      "mend what it names and give the same command again: what is done is kept",
    );
  }
  const line = new TextDecoder().decode(stdout).trim().split("\n").at(-1)!;
  const outcome = JSON.parse(line) as { run?: string; runs?: readonly { run: string }[] };
  const ids = outcome.runs?.map(({ run }) => run) ?? [outcome.run!];
  return await Promise.all(ids.map(async (id) => (await readRun(runsFolder, id))!));
}

async function madeOf(studies: readonly StudyRuns[]): Promise<string[]> {
  const views = studies.flatMap(({ views }) => views);
  const seeds = [...new Set(views.map(({ seed }) => seed))].sort((a, b) => a - b);
  const devices = [...new Set(views.map(({ device }) => device))];
  const days = [...new Set(views.map(({ startedAt }) => startedAt.slice(0, 10)))].sort();
  const used = Object.entries(await versions()).map(([name, version]) => `${name} ${version}`).join(", ");
  return [
    `seeds ${seeds.join(", ")}, ${views.length} runs`,
    `on ${devices.join("; ")}`,
    `run on ${days.join(", ")}`,
    used,
  ];
}

if (import.meta.main) await runMain(() => main(Deno.args));
