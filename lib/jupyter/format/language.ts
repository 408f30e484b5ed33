// Which notebooks Deno's kernel can execute: all of their cells must be for it.
import { UserError } from "../../errors.ts";
import type { Metadata, Notebook } from "./notebook.ts";

const LANGUAGES = ["typescript", "javascript"];

/**
 * Checks that a notebook and each of its code cells are for Deno's kernel. One that names no kernel is taken as such.
 *
 * @param name of the file, for messages
 * @throws UserError `notebook.kernel` naming the kernel, or the cell and its language
 */
export function checkLanguage({ metadata, cells }: Notebook, name: string): void {
  const { kernelspec, language_info: info } = metadata as Record<string, Metadata | undefined>;
  const language = kernelspec?.["language"] ?? info?.["name"];
  const kernel = kernelspec?.["display_name"] ?? kernelspec?.["name"];
  const other = language === undefined ? kernel !== undefined && !/deno/i.test(String(kernel)) : !isOurs(language);
  if (other) {
    const about = [kernel, language].filter((word) => word !== undefined).map(String);
    throw refusal(`${name} is for the kernel ${about[0]}${about[1] === undefined ? "" : ` (${about[1]})`}`, "notebook");
  }
  for (const [at, cell] of cells.filter((one) => one.cell_type === "code").entries()) {
    const magic = /^\s*(%%\w+)/.exec(cell.source)?.[1];
    if (magic !== undefined) throw refusal(`Code cell ${at + 1} of ${name} starts with ${magic}`, "cell");
    const marked = markedLanguage(cell.metadata);
    if (marked !== undefined && !isOurs(marked)) {
      throw refusal(`Code cell ${at + 1} of ${name} is in ${marked}`, "cell");
    }
  }
}

const refusal = (what: string, kind: string) =>
  new UserError(
    "notebook.kernel",
    `${what}: expected TypeScript or JavaScript for Deno's kernel`,
    kind === "notebook" ? "execute it with papermill or jupyter nbconvert" : "remove the cell, or make it Markdown",
  );

const isOurs = (language: unknown) => LANGUAGES.includes(String(language).toLowerCase());

/** The language that an editor with several languages in one notebook gave a cell. */
function markedLanguage(metadata: Metadata): string | undefined {
  const { vscode, polyglot_notebook: polyglot, dotnet_interactive: dotnet } = metadata as Record<string, Metadata>;
  const found = vscode?.["languageId"] ?? polyglot?.["kernelName"] ?? dotnet?.["language"];
  return typeof found === "string" ? found : undefined;
}
