// Writes what follows from the list of methods into lib/methods.ts and docs/methods.md.
//
//     deno task build:methods
import { generatedParts, withPart } from "./generated.ts";

const root = new URL("../../", import.meta.url);
for (const part of generatedParts()) {
  const file = new URL(part.path, root);
  await Deno.writeTextFile(file, withPart(await Deno.readTextFile(file), part));
}
