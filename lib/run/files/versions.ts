// Versions of Deno, Stitchbook and the code (its git commit).
import { dirname, isAbsolute, join, resolve } from "node:path";
import project from "../../../deno.json" with { type: "json" };
import { repositoryRoot } from "./repository.ts";

/** Versions by name: `deno`, `stitchbook`, and `commit` when the code is in a git repository. */
export async function versions(): Promise<Record<string, string>> {
  const commit = await gitCommit(repositoryRoot);
  return {
    deno: Deno.version.deno,
    stitchbook: (project as { version?: string }).version ?? "0.0.0",
    ...(commit === undefined ? {} : { commit }),
  };
}

/** The checked-out commit, read from git's files without starting a process; undefined when there is none. */
export async function gitCommit(root: string): Promise<string | undefined> {
  try {
    const own = await gitFolder(root);
    const head = (await Deno.readTextFile(join(own, "HEAD"))).trim();
    const reference = head.match(/^ref: (.+)$/)?.[1];
    if (reference === undefined) return head;
    // A linked worktree has its own HEAD and shares the references.
    const shared = await Deno.readTextFile(join(own, "commondir")).then((text) => resolve(own, text.trim()), () => own);
    return await Deno.readTextFile(join(shared, reference)).then(
      (text) => text.trim(),
      async () => {
        const packed = await Deno.readTextFile(join(shared, "packed-refs"));
        return packed.split("\n").find((line) => line.endsWith(` ${reference}`))?.split(" ")[0];
      },
    );
  } catch {
    return undefined;
  }
}

async function gitFolder(root: string): Promise<string> {
  const path = join(root, ".git");
  if ((await Deno.stat(path)).isDirectory) return path;
  const target = (await Deno.readTextFile(path)).replace(/^gitdir: /, "").trim();
  return isAbsolute(target) ? target : resolve(dirname(path), target);
}
