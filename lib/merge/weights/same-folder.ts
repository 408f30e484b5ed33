// Which paths lead to one folder, however they are spelled.

/** The path without links, `.` and trailing slashes; as it is if nothing is there. */
export async function resolvedFolder(path: string): Promise<string> {
  return await Deno.realPath(path).catch(() => path);
}

/** `folders` without those that are the same as `folder`. */
export async function withoutFolder(folders: readonly string[], folder: string): Promise<string[]> {
  const wanted = await resolvedFolder(folder);
  const resolved = await Promise.all(folders.map(resolvedFolder));
  return folders.filter((_, i) => resolved[i] !== wanted);
}
