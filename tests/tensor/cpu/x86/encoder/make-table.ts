// Makes table.txt: what LLVM's disassembler (Debian: llvm) reads in the bytes of each case.
//   deno run -A tests/tensor/cpu/x86/encoder/make-table.ts [llvm-mc]
import { cases } from "./cases.ts";

const command = Deno.args[0] ?? "llvm-mc";
const features = "+avx,+avx2,+fma,+f16c,+avx512f,+amx-tile,+amx-bf16";

async function run(args: readonly string[], input = ""): Promise<string> {
  const child = new Deno.Command(command, { args: [...args], stdin: "piped", stdout: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { stdout, success } = await child.output();
  if (!success) throw new Error(`${command} ${args.join(" ")} failed`);
  return new TextDecoder().decode(stdout);
}

const version = /LLVM version (\S+)/.exec(await run(["--version"]))![1];
const input = cases.map(({ bytes }) => bytes.map((byte) => `0x${byte.toString(16)}`).join(" ") + "\n").join("");
const output = await run(
  ["--disassemble", "--triple=x86_64", "--output-asm-variant=1", `--mattr=${features}`],
  input,
);
const texts = output.split("\n").map((line) => line.replace(/#.*/, "").trim().replace(/\s+/g, " "))
  .filter((line) => line !== "" && !line.startsWith("."));
if (texts.length !== cases.length) throw new Error(`${texts.length} instructions for ${cases.length} cases`);
const hex = (bytes: readonly number[]) => bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
const lines = cases.map(({ bytes }, i) => `${hex(bytes)}\t${texts[i]}`);
await Deno.writeTextFile(
  new URL("./table.txt", import.meta.url),
  [`# llvm-mc ${version}, by make-table.ts`, ...new Set(lines), ""].join("\n"),
);
