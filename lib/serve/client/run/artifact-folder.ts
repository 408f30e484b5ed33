// Where the files of a cell lie. Pure.

/** The folder that a file lies in, which all files of a cell share: `runs/.cells/<key>/`. */
export function folderOf({ name, path }: { name: string; path: string }, runsFolder: string): string {
  const folder = path.endsWith(`/${name}`) ? path.slice(0, -name.length) : path.replace(/[^/]*$/, "");
  return `${runsFolder}/${folder}`;
}
