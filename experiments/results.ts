// Runs the studies of a page of results over several seeds, and writes the page.
//
//     deno task results --preset study --main lab --seeds 1,2,3
//     deno task results --page domains
//
// Each study runs in its own process. They share cached cells, so that the seed, the experts and equal stitches are
// trained once. After a stop or a crash, the same command resumes.
import { basename, dirname, join, resolve } from "node:path";
import { Command } from "commander";
import { z } from "zod";
import { didYouMean, UserError } from "../lib/errors.ts";
import {
  configDifferences,
  currentExperiment,
  defaultRunsFolder,
  engineArguments,
  type EngineName,
  engineOption,
  formatTable,
  jobEnd,
  lastLines,
  localLauncher,
  makeRunId,
  outputFile,
  parseWithCommander,
  readRun,
  readSeeds,
  repositoryRoot,
  runIds,
  runMain,
  type RunView,
  seedOf,
  shellLine,
  stopSignal,
  takeEngineSettings,
  writeTextAtomically,
} from "../lib/run/mod.ts";
import { duration, type Figure, figureImage } from "../lib/report/mod.ts";
import { openDevice } from "../lib/tensor/mod.ts";
import { btsDefinition, btsSettings } from "../lib/bts/mod.ts";
import { basisText, longTime, measureSpeed } from "../lib/experiment/mod.ts";
import { MAIN, type Page, PAGES } from "./studies/all.ts";
import {
  counted,
  forecast,
  forecastSeconds,
  forecastTable,
  resultsMarkdown,
  type Section,
  studyPresets,
  type StudyRuns,
} from "../lib/study/mod.ts";

/** Branch-Train-Stitch's settings, without those that a study adds. */
const settingsSchema = z.object(btsSettings.shape);

/** `deno task results` */
export async function resultsCommand(args: readonly string[]): Promise<void> {
  const command = new Command("results")
    .description("Runs the studies of a page of results over several seeds, and writes the page.")
    .option("--page <name>", `${pageNames.map((name) => `${name} (${PAGES[name].file})`).join(" or ")}`, "paper")
    .option("--preset <name>", `preset of all studies (default: ${ofPages(({ preset }) => preset)})`)
    .option("--main <name>", "preset of the main experiment, bts (default: that of --preset)")
    .option("--seeds <list>", "seeds, such as 1,2,3", "1,2,3")
    .option("--only <list>", `some of the page's studies: ${ofPages(({ sections }) => listed(sections))}`)
    .option("--runs <folder>", "where runs live", defaultRunsFolder())
    .option("--out <file>", "where the page goes (default: its place in docs)")
    .option("--finished", "make the page of the latest finished runs, without running anything")
    .addOption(engineOption())
    .option("--dry-run", "print the studies and their estimated time, and stop");
  const { own, engineSettings } = takeEngineSettings(args);
  const parsed = parseWithCommander(command, own);
  if (parsed.kind === "help") return console.log(parsed.text.trimEnd());
  const { dryRun, ...options } = parsed.options as unknown as Options;
  oneOf("--page", options.page, pageNames);
  const page: Page = PAGES[options.page];
  const names = page.sections.map(({ name }) => name);
  const { preset = page.preset, seeds, runs, out = page.file, only } = options;
  const mainPreset = options.main ?? preset;
  const wanted = only === undefined ? names : only.split(",").map(currentExperiment);
  // Check everything before the first run, not after an hour of training.
  for (const name of wanted) oneOf("--only", name, names);
  oneOf("--preset", preset, Object.keys(studyPresets({})));
  oneOf("--main", mainPreset, Object.keys(btsDefinition.presets));
  const count = readSeeds(seeds).length;
  const where = engineArguments(options.engine, engineSettings);
  if (!dryRun) await writableFolder(out);
  const sections = page.sections.filter(({ name }) => wanted.includes(name))
    .map((section) => ({ ...section, preset: section === MAIN ? mainPreset : preset }));
  if (dryRun || !options.finished) {
    const plan = await planText(sections, count);
    if (dryRun) return console.log(`${plan}\nNothing was written.`);
    console.error(plan);
  }
  const began = performance.now();
  const found: StudyRuns[] = [];
  for (const section of sections) {
    console.error(`\n=== ${section.title} (${section.script})`);
    const views = options.finished
      ? await finishedRuns(section, readSeeds(seeds), runs)
      : await runStudy(section, ["--preset", section.preset, "--seeds", seeds, ...where], runs);
    const config = settingsSchema.parse(views[0]!.config);
    found.push({ ...section, directions: section.directions(config), views });
  }
  // Nothing is written before every study is there.
  for (const [at, { figures }] of sections.entries()) {
    const { views } = found[at]!;
    found[at] = { ...found[at]!, pictures: await writePictures(out, figures?.(views) ?? []) };
  }
  await writeTextAtomically(out, resultsMarkdown(found, page, againCommand(options), madeOf(found)));
  console.error(`\nWritten: ${out}, after ${duration((performance.now() - began) / 1000)}`);
}

/** Writes figures beside the page, as `<page>-<name>.svg`. */
async function writePictures(page: string, figures: readonly Figure[]): Promise<NonNullable<StudyRuns["pictures"]>> {
  const stem = page.replace(/\.md$/, "");
  return await Promise.all(figures.map(async (figure) => {
    const path = `${stem}-${figure.name}.svg`;
    await writeTextAtomically(path, `${figureImage(figure)}\n`);
    return { title: figure.title, file: basename(path) };
  }));
}

const pageNames = Object.keys(PAGES) as (keyof typeof PAGES)[];
const ofPages = (text: (page: Page) => string) =>
  pageNames.map((name) => `${text(PAGES[name])} for ${name}`).join("; ");
const listed = (sections: readonly Section[]) => sections.map(({ name }) => name).join(", ");

interface Options {
  readonly page: keyof typeof PAGES;
  readonly preset?: string;
  readonly main?: string;
  readonly seeds: string;
  readonly only?: string;
  readonly runs: string;
  readonly out?: string;
  readonly finished?: true;
  readonly engine: EngineName;
  readonly dryRun?: true;
}

/** The command that generates the page again, without options that have their default. */
function againCommand({ page, preset, main, seeds, only, runs, out }: Options): string {
  const given = (option: string, value: string | undefined, standard?: string) =>
    value === undefined || value === standard ? [] : [option, value];
  return shellLine([
    "deno",
    "task",
    "results",
    ...given("--page", page, "paper"),
    ...given("--preset", preset ?? PAGES[page].preset),
    ...given("--main", main),
    ...given("--seeds", seeds),
    ...given("--only", only),
    ...given("--runs", runs, defaultRunsFolder()),
    ...given("--out", out, PAGES[page].file),
  ]);
}

async function planText(sections: readonly (Section & { readonly preset: string })[], seeds: number): Promise<string> {
  const planned = await forecast(sections);
  const device = await openDevice("auto");
  try {
    const speed = await measureSpeed();
    const time = longTime(forecastSeconds(planned, seeds, speed));
    return `${formatTable(forecastTable(planned, seeds, speed))}\n\n` +
      `About ${time} on ${device.description}. ${basisText(speed)} Cached cells are not run again.`;
  } finally {
    await device.close();
  }
}

/** @throws UserError `results.choice` with the choices, and the most similar one */
function oneOf(option: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return;
  throw new UserError(
    "results.choice",
    `${option} has "${value}": expected ${choices.join(", ")}`,
    didYouMean(value, choices),
  );
}

/** @throws UserError `results.out` when the page's folder does not exist, or the page is one */
async function writableFolder(page: string): Promise<void> {
  const isFolder = (path: string) => Deno.stat(path).then(({ isDirectory }) => isDirectory, () => false);
  const refuse = (why: string, hint: string) => new UserError("results.out", `Cannot write ${page}: ${why}`, hint);
  if (await isFolder(page)) throw refuse("it is a folder", "name a file with --out");
  const folder = dirname(page);
  if (!await isFolder(folder)) {
    throw refuse(`there is no folder ${folder}`, "make it first, or name another file with --out");
  }
}

/** Runs one study as a job, shows its output, and reads its runs. */
async function runStudy({ name, script }: Section, args: readonly string[], runsFolder: string): Promise<RunView[]> {
  const signal = stopSignal();
  const output = await outputFile(runsFolder, makeRunId("results", name));
  const stdout = output.replace(/\.log$/, ".json");
  const job = await localLauncher.submit({
    script: join(repositoryRoot, script),
    args: [...args, "--no-serve", "--json", "--runs", resolve(runsFolder)],
    output,
    stdout,
    endsWithParent: true,
  });
  let shown = 0;
  const how = await jobEnd(localLauncher, job, async () => {
    const text = await localLauncher.logs(job);
    Deno.stderr.writeSync(new TextEncoder().encode(text.slice(shown)));
    shown = text.length;
  }, signal);
  signal.throwIfAborted();
  const line = lastLines(await Deno.readTextFile(stdout), 1);
  await Deno.remove(stdout);
  if (how !== "exit code 0") {
    throw new UserError(
      "results.failed",
      `The study ${name} did not finish (${how}); its own message is above`,
      "fix the problem and run the same command again; finished cells are kept",
    );
  }
  const outcome = JSON.parse(line) as { run?: string; runs?: readonly { run: string }[] };
  const ids = outcome.runs?.map(({ run }) => run) ?? [outcome.run!];
  return await Promise.all(ids.map(async (id) => (await readRun(runsFolder, id))!));
}

/**
 * The latest finished run of each seed with the settings of the preset.
 *
 * @throws UserError `results.unfinished` for a seed without one
 */
async function finishedRuns(
  { name, preset, plan }: Section & { readonly preset: string },
  seeds: readonly number[],
  runsFolder: string,
): Promise<RunView[]> {
  const left = new Set(seeds);
  const found: RunView[] = [];
  const { config } = await plan(preset);
  for (const id of await runIds(runsFolder)) { // the latest first
    if (left.size === 0) break;
    const view = await readRun(runsFolder, id);
    const isWanted = view?.experiment === name && view.preset === preset && view.status === "done";
    if (!isWanted || view.results === null || configDifferences(config, view.config).length > 0) continue;
    if (!left.delete(seedOf(view))) continue;
    found.push(view);
  }
  const [missing] = left;
  if (missing === undefined) return found.sort((a, b) => seedOf(a) - seedOf(b));
  throw new UserError(
    "results.unfinished",
    `${runsFolder} has no finished run of the study ${name} with the preset ${preset} and seed ${missing}`,
    "leave out --finished, which runs what is missing",
  );
}

function madeOf(studies: readonly StudyRuns[]): string[] {
  const views = studies.flatMap(({ views }) => views);
  const seeds = [...new Set(views.map(seedOf))].sort((a, b) => a - b);
  const devices = [...new Set(views.map(({ device }) => device))];
  const days = [...new Set(views.map(({ startedAt }) => startedAt.slice(0, 10)))].sort();
  const used = new Set(
    views.map(({ versions }) => Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ")),
  );
  return [
    `${seeds.length === 1 ? "seed" : "seeds"} ${seeds.join(", ")}, ${counted(views.length, "run")}`,
    `on ${devices.join("; ")}`,
    `run on ${days.join(", ")}`,
    ...used,
  ];
}

if (import.meta.main) await runMain(() => resultsCommand(Deno.args));
