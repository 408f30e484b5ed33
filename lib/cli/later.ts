// Modules of commands, loaded when a command runs.

/**
 * Loads a module of this folder. Before a program starts, Deno reads every module that a literal `import("…")` names,
 * with all that those import, so that each command would wait for the modules of all others.
 *
 * @param file its path from here, such as `./ls.ts`
 */
export function later<Module>(file: string): Promise<Module> {
  return import(new URL(file, import.meta.url).href);
}
