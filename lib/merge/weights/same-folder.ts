// Compares folders by their resolved paths.

/** The path with links, `.` and trailing slashes resolved; unchanged if nothing is there. */
async function resolvedFolder(path: string): Promise<string> {
  return await Deno.realPath(path).catch(() => path);
}

/** Whether two paths lead to one folder. */
export async function sameFolder(a: string, b: string): Promise<boolean> {
  return await resolvedFolder(a) === await resolvedFolder(b);
}

/** `folders` without the paths that lead to `folder`. */
export async function withoutFolder(folders: readonly string[], folder: string): Promise<string[]> {
  const wanted = await resolvedFolder(folder);
  const resolved = await Promise.all(folders.map(resolvedFolder));
  return folders.filter((_, i) => resolved[i] !== wanted);
}
