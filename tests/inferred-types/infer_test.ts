// The program that writes the types of exported schemas, on a small repository of two rooms.
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { UserError } from "../../lib/errors.ts";
import { declaredIn } from "../../lib/inferred-types/declarations.ts";
import { inferredFiles } from "../../lib/inferred-types/infer.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));

const ZOD = 'import { z } from "zod";\n';
const INNER = `${ZOD}import type { InnerSchema } from "./inferred-types.ts";
export const innerSchema: InnerSchema = z.strictObject({
  /** Steps done. */
  step: z.int().default(1),
  kind: z.enum(["north", "east"]).optional(),
}).refine(({ step }) => step > 0);
`;
const OUTER = `${ZOD}import { innerSchema } from "../inner/mod.ts";
import type { Names, OuterSchema } from "./inferred-types.ts";
const NAMES: Names = ["b", "a"] as const;
export const outerSchema: OuterSchema = z.object({
  all: z.array(innerSchema),
  less: innerSchema.omit({ step: true }),
  name: z.literal(NAMES),
});
`;
const FACE = `export { innerSchema } from "./inner.ts";\nexport type { InnerSchema } from "./inferred-types.ts";\n`;
const FILES = { "lib/inner/mod.ts": FACE, "lib/inner/inner.ts": INNER, "lib/outer/outer.ts": OUTER };

/** The generated files of a repository with these files. */
async function inferred(files: Readonly<Record<string, string>>): Promise<ReadonlyMap<string, string>> {
  const root = await Deno.makeTempDir();
  try {
    await Deno.symlink(join(repository, "node_modules"), join(root, "node_modules"));
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(dirname(join(root, path)), { recursive: true });
      await Deno.writeTextFile(join(root, path), text);
    }
    return await inferredFiles(new URL(`${pathToFileURL(await Deno.realPath(root))}/`));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const plain = (text: string) => text.replace(/\/\/.*\n/g, "").replace(/\s+/g, " ");

Deno.test("types are written with their comments and by name, across rooms and whatever was written before", async () => {
  const first = await inferred(FILES);
  assert.deepEqual([...first.keys()], ["lib/inner/inferred-types.ts", "lib/outer/inferred-types.ts"]);
  const inner = plain(first.get("lib/inner/inferred-types.ts")!);
  assert.match(
    inner,
    /export interface InnerSchema extends z\.ZodObject<\{ \/\*\* Steps done\. \*\/ step: z\.ZodDefault/,
  );
  assert.match(
    inner,
    /kind: z\.ZodOptional<z\.ZodEnum<\{ east: "east"; north: "north" \}>>; \}, z\.core\.\$strict> \{\}/,
  );
  const outer = plain(first.get("lib/outer/inferred-types.ts")!);
  assert.match(outer, /import type \{ InnerSchema \} from "\.\.\/inner\/mod\.ts";/);
  assert.match(outer, /export type Names = readonly \["b", "a"\];/);
  assert.match(
    outer,
    /all: z\.ZodArray<InnerSchema>; less: z\.ZodObject<\{ kind: .*? name: z\.ZodLiteral<"a" \| "b">;/,
  );

  const changed = { ...FILES, "lib/inner/inner.ts": INNER.replace("  kind:", "  added: z.string(),\n  kind:") };
  const stale = await inferred({ ...changed, ...Object.fromEntries(first) });
  assert.match(plain(stale.get("lib/outer/inferred-types.ts")!), /less: z\.ZodObject<\{ added: z\.ZodString; kind: /);
  assert.deepEqual(stale, await inferred(changed));
});

Deno.test("a type is refused that other rooms cannot import, that is any, or that is written twice", async () => {
  const refused = async (files: Readonly<Record<string, string>>, code: string, message: RegExp) => {
    const error = await inferred({ ...FILES, ...files }).then(() => undefined, (error: unknown) => error);
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
  };
  const hidden = FACE.replace(/export type.*\n/, "");
  await refused(
    { "lib/inner/mod.ts": hidden },
    "types.unexported",
    /^lib\/inner\/mod\.ts must export the type InnerSchema/,
  );
  const any = INNER.replace("z.int().default(1)", "z.custom<any>()");
  await refused(
    { "lib/inner/inner.ts": any },
    "types.any",
    /^lib\/inner\/inferred-types\.ts would contain the type any/,
  );
  const twice = `${INNER}export const otherSchema: InnerSchema = z.object({});\n`;
  await refused({ "lib/inner/inner.ts": twice }, "types.twice", /would declare InnerSchema twice, for innerSchema in/);
});

Deno.test("only constants with a type of the generated file are inferred, without that type", () => {
  const { declarations, text } = declaredIn("lib/inner/inner.ts", `${INNER}const other: string = "";\n`);
  assert.deepEqual(declarations.map(({ name, type, room }) => ({ name, type, room })), [
    { name: "innerSchema", type: "InnerSchema", room: "lib/inner" },
  ]);
  assert.match(text, /export const innerSchema\$plain = z\.strictObject\(/);
  assert.match(text, /, innerSchema: InnerSchema = innerSchema\$plain as never;\nconst other: string = "";\n$/);
  assert.equal(declaredIn("lib/inner/plain.ts", "const one: Two = 3;").text, "const one: Two = 3;");
});
