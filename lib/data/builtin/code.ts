// Built-in code: the TypeScript compiler in JavaScript, and the type declarations of the JavaScript and browser libraries.
import { listPackageFiles, readPackageFile } from "./packages.ts";
import { cutCode } from "../text/cut-code.ts";
import type { Document } from "../types.ts";

/** The section of typescript.js with the English messages, some of which the multilingual domain holds out. */
export const MESSAGES_SECTION = "src/compiler/diagnosticInformationMap.generated.ts";

/**
 * `typescript.js`, separated into the source files it was bundled from, and `*.d.ts`, all cut at declarations. Excluded:
 * `_tsc.js` and the other bundles (97 % of their lines are in `typescript.js`), the web worker declarations (93 % are in
 * the browser's), the message table, and license headers.
 */
export async function codeDocuments(): Promise<Document[]> {
  const names = (await listPackageFiles("typescript"))
    .filter((name) => name.endsWith(".d.ts") && !/^lib\.webworker|^tsserverlibrary/.test(name));
  const declarations = await Promise.all(names.map((name) => readPackageFile("typescript", name)));
  const files = new Map(names.map((name, i) => [name, declarations[i]!.replace(/^\s*\/\*![^]*?\*\/\s*/, "")]));
  for (const [section, text] of await compilerSections()) {
    if (section !== MESSAGES_SECTION) files.set(section, text);
  }
  return [...files].flatMap(([name, text]) => {
    const id = `typescript/${name}`;
    return cutCode(text).map((piece, k) => ({ id: `${id}#${k + 1}`, text: piece.trim(), keys: [id] }));
  });
}

/** Whether a document is part of a file of type declarations. */
export const isDeclaration = (id: string): boolean => /\.d\.ts#/.test(id);

/** typescript.js, split at the `// src/…` lines that name its source files. */
export async function compilerSections(): Promise<Map<string, string>> {
  const bundle = await readPackageFile("typescript", "typescript.js");
  const sections = new Map<string, string>();
  const parts = bundle.split(/^\/\/ (src\/\S+)$/m); // text before, then name and text in turns
  for (let i = 1; i + 1 < parts.length; i += 2) {
    sections.set(parts[i]!, (sections.get(parts[i]!) ?? "") + parts[i + 1]!);
  }
  return sections;
}
