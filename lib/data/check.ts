// Checks of the user's files that come before anything is written, for plans as for runs.
import type { DataConfig } from "./config.ts";
import { BUILTIN_SOURCE } from "./domains.ts";
import { findFiles } from "./files/find.ts";
import { readQuestions } from "./questions.ts";

/**
 * Finds the files of every domain, without reading them, and reads all questions.
 *
 * @throws UserError when a path or glob matches nothing or something unreadable, and for a bad line of a task
 */
export async function checkData({ domains, tasks, skipBad }: DataConfig): Promise<void> {
  for (const [domain, source] of Object.entries(domains)) {
    if (source !== BUILTIN_SOURCE) findFiles(source, `data.domains.${domain}`, { skipBad });
  }
  for (const [domain, path] of Object.entries(tasks)) await readQuestions(path, `data.tasks.${domain}`);
}
