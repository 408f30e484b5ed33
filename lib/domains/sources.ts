// Which files documents are from; of many files, which folders.
import { dirname } from "node:path";

/** Files or folders of a cluster that are listed. */
const LISTED = 20;
/** Files that are counted by name; further documents count by folder, and those of yet more folders together. */
const MOST_FILES = 1000;
const MOST = 2 * MOST_FILES;
const OTHERS = "other files";

/** Documents by file, or by folder, whose name ends with a slash. */
export type SourceCounts = Record<string, number>;

/** Counts a document of `file` in place. */
export function countSource(counts: SourceCounts, file: string): void {
  const folder = folderOf(file);
  const source = [file, folder].find((name) => Object.hasOwn(counts, name)) ?? newSource(counts, file, folder);
  counts[source] = (counts[source] ?? 0) + 1;
}

/** The files with the most documents, the most first; the folders instead if there are more than 20 files. */
export function listedSources(counts: SourceCounts): { source: string; documents: number }[] {
  const entries = Object.entries(counts);
  const grouped: SourceCounts = {};
  for (const [source, documents] of entries) {
    const isFile = source !== OTHERS && !source.endsWith("/");
    const name = isFile && entries.length > LISTED ? folderOf(source) : source;
    grouped[name] = (grouped[name] ?? 0) + documents;
  }
  return Object.entries(grouped).map(([source, documents]) => ({ source, documents }))
    .sort((a, b) => b.documents - a.documents || (a.source < b.source ? -1 : 1))
    .slice(0, LISTED);
}

function newSource(counts: SourceCounts, file: string, folder: string): string {
  const known = Object.keys(counts).length;
  return known < MOST_FILES ? file : known < MOST ? folder : OTHERS;
}

function folderOf(file: string): string {
  return `${dirname(file)}/`;
}
