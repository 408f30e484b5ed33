// Compiles source/ to kernels-relaxed.wasm and kernels-simd.wasm; with --check, only tells whether they are up to date.
import asc from "assemblyscript/asc";
import type { SimdLevel } from "../machine/load.ts";

const here = new URL(".", import.meta.url);
const levels: readonly SimdLevel[] = ["relaxed", "simd"];

/** The binary of the committed source, for one level. */
export async function compileKernels(level: SimdLevel): Promise<Uint8Array<ArrayBuffer>> {
  const sources = new Map<string, string>();
  const folder = new URL("./source/", here);
  for await (const { name } of Deno.readDir(folder)) {
    sources.set(name, await Deno.readTextFile(new URL(name, folder)));
  }
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [
      ...["index.ts", "--outFile", "kernels.wasm", "-O3", "--runtime", "stub", "--noAssert", "--use", "abort="],
      ...["--importMemory", "--sharedMemory", "--initialMemory", "16", "--maximumMemory", "65536"],
      ...["--enable", "threads", "--enable", "simd", ...(level === "relaxed" ? ["--enable", "relaxed-simd"] : [])],
    ],
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
export function kernelsFile(level: SimdLevel): URL {
  return new URL(`./kernels-${level}.wasm`, here);
}

if (import.meta.main) {
  for (const level of levels) {
    const bytes = await compileKernels(level);
    const file = kernelsFile(level);
    if (!Deno.args.includes("--check")) {
      await Deno.writeFile(file, bytes);
      console.log(`${file.pathname.split("/").at(-1)}: ${bytes.length} bytes`);
      continue;
    }
    const committed = await Deno.readFile(file);
    const same = committed.length === bytes.length && committed.every((byte, i) => byte === bytes[i]);
    if (!same) {
      console.error(`${file.pathname.split("/").at(-1)} is not what its source compiles to: run deno task build:wasm`);
      Deno.exitCode = 1;
    }
  }
}
