// Generates source/generated/, and compiles source/ to kernels-relaxed.wasm and kernels-simd.wasm; with --check, only
// checks that they are up to date.
import asc from "assemblyscript/asc";
import type { SimdLevel } from "../machine/load.ts";
import { generateSources } from "./generate.ts";

const here = new URL(".", import.meta.url);
const levels: readonly SimdLevel[] = ["relaxed", "simd"];

// deno-fmt-ignore
const OPTIONS = [
  "index.ts", "--outFile", "kernels.wasm", "-O3", "--runtime", "stub", "--noAssert", "--use", "abort=",
  "--importMemory", "--sharedMemory", "--initialMemory", "16", "--maximumMemory", "65536",
  "--enable", "threads", "--enable", "simd",
];

/** Compiles the source for one level. */
async function compileKernels(level: SimdLevel): Promise<Uint8Array<ArrayBuffer>> {
  const sources = new Map<string, string>();
  const folder = new URL("./source/", here);
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile) sources.set(name, await Deno.readTextFile(new URL(name, folder)));
  }
  for (const [name, text] of generateSources()) sources.set(`generated/${name}`, text);
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [...OPTIONS, ...(level === "relaxed" ? ["--enable", "relaxed-simd"] : [])],
    {
      readFile: (name) => sources.get(name) ?? null,
      writeFile: (_name, contents) => {
        binary = contents as Uint8Array;
      },
      listFiles: () => [],
    },
  );
  if (error !== null || binary === undefined) throw new Error(`The kernels do not compile:\n${stderr.toString()}`);
  return new Uint8Array(binary);
}

/** Where a level's binary is committed. */
function kernelsFile(level: SimdLevel): URL {
  return new URL(`./kernels-${level}.wasm`, here);
}

/** All files made from the source, with their expected contents. */
export async function builtFiles(): Promise<readonly (readonly [file: URL, bytes: Uint8Array<ArrayBuffer>])[]> {
  const generated = [...generateSources()].map(([name, text]) => {
    return [new URL(`./source/generated/${name}`, here), new TextEncoder().encode(text)] as const;
  });
  const binaries = levels.map(async (level) => [kernelsFile(level), await compileKernels(level)] as const);
  return [...generated, ...await Promise.all(binaries)];
}

if (import.meta.main) {
  for (const [file, bytes] of await builtFiles()) {
    const name = file.pathname.split("/").at(-1);
    if (!Deno.args.includes("--check")) {
      await Deno.writeFile(file, bytes);
      console.log(`${name}: ${bytes.length} bytes`);
      continue;
    }
    const committed = await Deno.readFile(file).catch(() => new Uint8Array());
    if (committed.length !== bytes.length || !committed.every((byte, i) => byte === bytes[i])) {
      console.error(`${name} is out of date: run deno task build:wasm`);
      Deno.exitCode = 1;
    }
  }
}
