// What the tests of written files share: a plan, a folder of files, and programs that stand for those of a scheduler.
import { join } from "node:path";
import type { EngineFile } from "../../lib/engine/mod.ts";
import type { PlannedCell } from "../../lib/run/mod.ts";

const planned = (cell: string, ...needs: readonly string[]): PlannedCell => ({
  ...{ cell, title: cell, needs, tokens: 0, flops: 0, layers: 0, bytes: 2e9 },
});

/** Cells with the shape of Branch-Train-Stitch. */
export const PLAN: readonly PlannedCell[] = [
  planned("data"),
  planned("seed", "data"),
  planned("expert:code", "seed", "data"),
  planned("expert:math", "data", "seed"),
  planned("stitch", "seed", "expert:code", "expert:math"),
  planned("evaluate", "seed", "expert:code", "expert:math"),
  planned("evaluate:bts", "stitch"),
];

/** Calls `body` with an empty folder that is removed afterwards. */
export async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook-files-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Writes files, and returns their paths. */
export async function written(folder: string, files: readonly EngineFile[]): Promise<string[]> {
  await Deno.mkdir(folder, { recursive: true });
  return await Promise.all(files.map(async ({ name, text, executable }) => {
    await Deno.writeTextFile(join(folder, name), text, { mode: executable ? 0o755 : 0o644 });
    return join(folder, name);
  }));
}

/** Runs a program with others before those of the path. */
export async function runWith(program: string, bin: string, env: Readonly<Record<string, string>> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    env: { ...env, PATH: `${bin}:${Deno.env.get("PATH")}` },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
