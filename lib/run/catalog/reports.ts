// Reports on several runs, such as one experiment over several seeds: which there are, and which runs they are about.
import { join } from "node:path";
import { z } from "zod";
import { attempt } from "../../errors.ts";
import { writeTextAtomically } from "../files/files.ts";
import { entriesBelow } from "../files/folders.ts";
import type { AboutSchema } from "../inferred-types.ts";

/** Where they are in a runs folder, one folder each. */
export const REPORTS_FOLDER = "reports";
/** What a report is about; the page itself is `report.html`. */
const ABOUT_FILE = "report.json";

const aboutSchema: AboutSchema = z.object({ title: z.string(), runs: z.array(z.string()).readonly() });

/** What a report on several runs is about. */
export type AboutReport = z.infer<typeof aboutSchema>;

/** A report on several runs. */
export interface SharedReport extends AboutReport {
  /** The name of its folder. */
  readonly name: string;
  /** When it was written, ISO 8601 in UTC. */
  readonly time: string;
}

/** Writes down what the report in `folder` is about. */
export async function writeAboutReport(folder: string, about: AboutReport): Promise<void> {
  await writeTextAtomically(join(folder, ABOUT_FILE), JSON.stringify(about) + "\n");
}

/**
 * The reports in a runs folder, newest first. One that does not say what it is about, as older versions wrote them, has
 * its folder's name as its title, and no runs.
 *
 * @throws UserError `folder.unreadable`
 */
export async function listReports(runsFolder: string): Promise<SharedReport[]> {
  const found = await Promise.all((await names(runsFolder)).map(async (name) => {
    const folder = join(runsFolder, REPORTS_FOLDER, name);
    const page = await Deno.lstat(join(folder, "report.html")).catch(() => undefined);
    if (!page?.isFile) return [];
    const text = await Deno.readTextFile(join(folder, ABOUT_FILE)).catch(() => "");
    const about = attempt(() => aboutSchema.parse(JSON.parse(text))) ?? { title: name, runs: [] };
    return [{ name, ...about, time: (page.mtime ?? new Date(0)).toISOString() }];
  }));
  return found.flat().sort((a, b) => a.time < b.time ? 1 : a.time > b.time ? -1 : a.name < b.name ? -1 : 1);
}

/** The folder of a report; undefined when `name` is not one of those listed. Safe for names from outside. */
export async function reportFolder(runsFolder: string, name: string): Promise<string | undefined> {
  return (await names(runsFolder)).includes(name) ? join(runsFolder, REPORTS_FOLDER, name) : undefined;
}

/** The names of their folders. A symbolic link is no folder here: it could lead out of the runs folder. */
async function names(runsFolder: string): Promise<string[]> {
  const entries = await entriesBelow(runsFolder, REPORTS_FOLDER, "the folder of reports");
  return entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
}
