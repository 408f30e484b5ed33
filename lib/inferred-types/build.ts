// Writes lib/<room>/inferred-types.ts, the types of the schemas that the package exports; with --check, only checks that
// these files are up to date.
//
//     deno task build:types
//
// JSR wants the type of everything that a package exports written out. The type of a schema follows from its definition,
// so this program writes it: a schema is declared as `const runSchema: RunSchema = …`, with `RunSchema` imported from its
// room's inferred-types.ts. Other constants whose types follow from schemas are declared alike.
import { explainError, UserError } from "../errors.ts";
import { inferredFiles } from "./infer.ts";

const check = Deno.args.includes("--check");
const root = new URL("../../", import.meta.url);
try {
  const stale: string[] = [];
  for (const [path, text] of await inferredFiles(root)) {
    const file = new URL(path, root);
    if (await Deno.readTextFile(file).catch(() => "") === text) continue;
    stale.push(path);
    if (!check) await Deno.writeTextFile(file, text);
  }
  if (!check) console.log(stale.length === 0 ? "All types are up to date" : `Written: ${stale.join(", ")}`);
  else if (stale.length > 0) {
    throw new UserError("types.stale", `Out of date: ${stale.join(", ")}. Run deno task build:types`);
  }
} catch (error) {
  console.error(explainError(error));
  Deno.exitCode = error instanceof UserError ? 2 : 1;
}
