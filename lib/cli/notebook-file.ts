// Notebook files that the command line names.
import { type Notebook, parseNotebook } from "../jupyter/mod.ts";
import { readTextFile } from "./text-file.ts";

/**
 * The notebook in a file.
 *
 * @throws UserError `notebook.file` if the file cannot be read, `notebook.format` if it is not a notebook of nbformat 4
 */
export async function readNotebook(path: string): Promise<Notebook> {
  return parseNotebook(
    await readTextFile(path, "notebook.file", "give the path of a notebook, such as notebooks/03-gates.ipynb"),
    path,
  );
}
