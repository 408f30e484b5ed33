// Expands globs. Unlike other implementations, reports folders that cannot be read.
import { matchesGlob } from "node:path";

/** What a glob matches. */
export interface GlobMatches {
  /** Matching paths of any kind: files, folders, dangling links. */
  readonly paths: readonly string[];
  /** Folders that may contain matches but cannot be read, with the reason. */
  readonly unreadable: readonly { readonly path: string; readonly error: unknown }[];
}

/** Whether a path has any glob syntax. */
export function hasGlobSyntax(path: string): boolean {
  return /[*?[{]/.test(path);
}

/**
 * Expands `*`, `?`, `[…]`, `{…,…}` and `**`. Leading folders that exist are taken literally, so that `data [2024]/*.txt`
 * works. As in a shell, a name that begins with a dot is matched only by a pattern that does, and `**` does not follow
 * symbolic links to folders (`link/*.txt` and `l*\/*.txt` do).
 */
export function expandGlob(pattern: string): GlobMatches {
  const paths: string[] = [];
  const unreadable: { path: string; error: unknown }[] = [];
  const segments = (Deno.build.os === "windows" ? pattern.replaceAll("\\", "/") : pattern).split("/");
  const base: string[] = [];
  while (segments.length > 1 && isLiteral(base, segments[0]!)) base.push(segments.shift()!);
  const rest = segments.join("/");
  // From the first `**`, or a brace that spans folders, any depth may match.
  const fixed = segments.findIndex((segment) => segment.includes("**") || unbalanced(segment));
  const depth = fixed < 0 ? segments.length : fixed;
  const dots = /(?:^|[/{,])\./.test(rest);

  const walk = (folder: string, relative: string, level: number) => {
    let entries: Deno.DirEntry[];
    try {
      entries = [...Deno.readDirSync(folder === "" ? "." : folder)];
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) unreadable.push({ path: folder, error });
      return;
    }
    for (const { name, isDirectory, isSymlink } of entries) {
      const path = folder + name;
      const below = relative + name;
      if (matchesGlob(below, rest)) paths.push(path);
      const explicit = level < depth && level < segments.length - 1;
      const enter = explicit
        ? (isDirectory || (isSymlink && isFolder(path))) && matchesGlob(name, segments[level]!)
        : fixed >= 0 && isDirectory && (dots || !name.startsWith("."));
      if (enter) walk(`${path}/`, `${below}/`, level + 1);
    }
  };
  walk(base.length === 0 ? "" : `${base.join("/")}/`, "", 0);
  return { paths: paths.sort(), unreadable };
}

/** Whether a leading segment is the name of a folder rather than a pattern. */
function isLiteral(base: readonly string[], segment: string): boolean {
  return !hasGlobSyntax(segment) || isFolder([...base, segment].join("/"));
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false; // whatever the reason, it cannot be entered by this name
  }
}

/** Whether a brace in this segment is closed in another one. */
function unbalanced(segment: string): boolean {
  return segment.split("{").length !== segment.split("}").length;
}
