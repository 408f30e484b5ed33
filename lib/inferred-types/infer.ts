// Infers the types of all declarations, with the TypeScript compiler.
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { UserError } from "../errors.ts";
import { type Declaration, type Declared, declaredIn, GENERATED, plainName } from "./declarations.ts";
import { printDeclaration } from "./print.ts";

const SCOPE = "inferred-types-scope.ts";
const HEADER = `// Types of this room's schemas. \`deno task build:types\` writes this file; change the schemas instead.
import type { z } from "zod";
`;

/** More rounds than schemas are nested in one another across files. */
const MOST_ROUNDS = 12;

/** Those of deno.json that decide types. */
const OPTIONS: ts.CompilerOptions = {
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: true,
  jsx: ts.JsxEmit.ReactJSX,
  jsxImportSource: "hono/jsx",
  lib: ["lib.esnext.d.ts", "lib.dom.d.ts"],
  types: [],
};

/**
 * The generated files of all rooms, by their paths from the repository's root.
 *
 * A type may contain the name of another one, so inference is repeated until no file changes.
 *
 * @param root the repository's root
 * @throws UserError `types.twice`, `types.any`, `types.unexported`, `types.foreign`
 */
export async function inferredFiles(root: URL): Promise<ReadonlyMap<string, string>> {
  const folder = fileURLToPath(root);
  const sources = new Map<string, Declared>();
  const files = new Map<string, string>();
  for (const path of sourceFiles(folder, "lib")) {
    const text = await Deno.readTextFile(folder + path);
    if (path.endsWith(`/${GENERATED}`)) files.set(path, text);
    else sources.set(path, declaredIn(path, text));
  }
  const declarations = [...sources.values()].flatMap(({ declarations }) => declarations);
  const rooms = Map.groupBy(declarations, ({ room }) => `${room}/${GENERATED}`);
  for (const [path, own] of rooms) refuseTwice(path, own);
  for (const path of rooms.keys()) if (!files.has(path)) files.set(path, HEADER);
  let before: ts.Program | undefined;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const program = programOf(folder, sources, files, before);
    const made = await Promise.all([...rooms].map(async ([path, own]) => {
      return [path, await formatted(folder, fileText(program, folder, path, own))] as const;
    }));
    if (made.every(([path, text]) => files.get(path) === text)) {
      made.forEach(([path, text]) => refuseAny(path, text));
      return new Map(made);
    }
    for (const [path, text] of made) files.set(path, text);
    before = program;
  }
  throw new Error(`The types are not the same after ${MOST_ROUNDS} rounds`);
}

/** The text of a room's generated file. */
function fileText(program: ts.Program, root: string, path: string, declarations: readonly Declaration[]): string {
  const checker = program.getTypeChecker();
  const scope = program.getSourceFile(root + SCOPE)!;
  const imports = new Map<string, Set<string>>();
  const printed = declarations.map(({ path: file, name, type }) => {
    const symbol = constantIn(program.getSourceFile(root + file)!, plainName(name));
    return printDeclaration(type, checker.getTypeAtLocation(symbol), { program, checker, scope, root, path, imports });
  });
  const lines = [...imports].sort(([a], [b]) => a < b ? -1 : 1).map(([module, names]) =>
    `import type { ${[...names].sort().join(", ")} } from "${module}";\n`
  );
  return [HEADER + lines.join(""), ...printed].join("\n");
}

function constantIn(source: ts.SourceFile, name: string): ts.VariableDeclaration {
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    const found = statement.declarationList.declarations.find((one) => one.name.getText() === name);
    if (found !== undefined) return found;
  }
  throw new Error(`${source.fileName} has no ${name}`);
}

/** A program of all files with declarations; generated files are those given, whatever is on disk. */
function programOf(
  root: string,
  sources: ReadonlyMap<string, Declared>,
  files: ReadonlyMap<string, string>,
  before: ts.Program | undefined,
): ts.Program {
  const host = ts.createCompilerHost(OPTIONS);
  const given = (file: string): string | undefined => {
    if (!file.startsWith(root)) return undefined;
    const path = file.slice(root.length);
    return path === SCOPE ? `import { z } from "zod";\nexport { z };\n` : files.get(path) ?? sources.get(path)?.text;
  };
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (file) => given(file) !== undefined || fileExists(file);
  host.readFile = (file) => given(file) ?? readFile(file);
  host.getSourceFile = (file, version, ...others) => {
    const text = given(file);
    const old = before?.getSourceFile(file);
    if (old !== undefined && (text === undefined || text === old.text)) return old;
    return text === undefined ? getSourceFile(file, version, ...others) : ts.createSourceFile(file, text, version);
  };
  const roots = [...sources].filter(([, { declarations }]) => declarations.length > 0).map(([path]) => root + path);
  return ts.createProgram([root + SCOPE, ...roots], OPTIONS, host, before);
}

/** @throws UserError when two constants of a room have a type of the same name */
function refuseTwice(path: string, declarations: readonly Declaration[]): void {
  for (const [i, { type, name, path: file }] of declarations.entries()) {
    const other = declarations.slice(0, i).find((one) => one.type === type);
    if (other === undefined) continue;
    throw new UserError(
      "types.twice",
      `${path} would declare ${type} twice, for ${other.name} in ${other.path} and ${name} in ${file}`,
      "rename one of the types",
    );
  }
}

/** Before the last round, `any` stands for names of types that are not written yet. */
function refuseAny(path: string, text: string): void {
  const code = text.replace(/\/\*[^]*?\*\//g, "");
  const any = /^.*\bany\b.*$/m.exec(code);
  if (any === null) return;
  throw new UserError(
    "types.any",
    `${path} would contain the type any, in the line "${any[0].trim()}"`,
    "give the constant that it comes from a type",
  );
}

/** As `deno fmt` leaves it; what it makes of a text (2.9.6), it may still change. */
async function formatted(root: string, text: string): Promise<string> {
  const once = await denoFmt(root, text);
  return once === text ? text : await formatted(root, once);
}

async function denoFmt(root: string, text: string): Promise<string> {
  const fmt = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "ts", "-"],
    cwd: root,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const written = ReadableStream.from([text]).pipeThrough(new TextEncoderStream()).pipeTo(fmt.stdin);
  const [{ success, stdout }] = await Promise.all([fmt.output(), written]);
  if (!success) throw new Error("deno fmt failed");
  return new TextDecoder().decode(stdout);
}

function* sourceFiles(root: string, folder: string): Generator<string> {
  const entries = [...Deno.readDirSync(root + folder)].sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isDirectory } of entries) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* sourceFiles(root, path);
    else if (/\.tsx?$/.test(name)) yield path;
  }
}
