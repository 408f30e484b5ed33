// The assembler against a real disassembler, by a table that was made with it once (encoder/make-table.ts).
import assert from "node:assert/strict";
import { assembler, registers } from "../../../../lib/tensor/cpu/x86/assembler.ts";
import { cases } from "./encoder/cases.ts";

const { rax: RAX, rcx: RCX } = registers;

const table = new Map(
  (await Deno.readTextFile(new URL("./encoder/table.txt", import.meta.url))).split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split("\t") as [bytes: string, text: string]),
);

Deno.test("the bytes of every kind of instruction are what a disassembler reads as that instruction", () => {
  const mnemonics = new Set<string>();
  for (const { text, bytes } of cases) {
    const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
    assert.equal(table.get(hex), text, `${hex}: not in the table, or read otherwise; if right, make the table anew`);
    mnemonics.add(text.split(" ")[0]!);
  }
  const methods = Object.entries(assembler()).filter(([, value]) => typeof value === "function").map(([name]) => name);
  const others = ["label", "bind", "align", "db", "dd"];
  assert.deepEqual([...mnemonics].sort(), methods.filter((name) => !others.includes(name)).sort());
});

Deno.test("distances to labels are filled in, whether the label comes before or after", () => {
  const asm = assembler();
  const [before, after] = [asm.label(), asm.label()];
  asm.bind(before);
  asm.lea(RAX, before);
  asm.lea(RCX, after);
  asm.dd(after, asm.bytes.length);
  asm.dd(before, asm.bytes.length);
  asm.bind(after);
  const view = new DataView(Uint8Array.from(asm.bytes).buffer);
  const distances = [3, 10, 14, 18].map((at) => view.getInt32(at, true));
  assert.deepEqual(distances, [-7, 8, 8, -18]);
});

Deno.test("instructions on two operands in memory are rejected", () => {
  const asm = assembler();
  for (const mnemonic of ["mov", "add", "vmovups"] as const) {
    assert.throws(() => asm[mnemonic]({ base: RAX }, { base: RCX }), /one operand/);
  }
});
