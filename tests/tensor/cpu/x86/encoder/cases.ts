// Instructions of every kind that the assembler has, each with the text that a disassembler must give for its bytes.
import {
  type Address,
  type Assembler,
  assembler,
  dword,
  type GeneralRegister,
  k,
  type Masking,
  registers,
  tmm,
  vector,
  type VectorRegister,
} from "../../../../../lib/tensor/cpu/x86/assembler.ts";

const { rax: RAX, rcx: RCX, rdx: RDX, rbx: RBX, rsp: RSP, rbp: RBP, rsi: RSI, rdi: RDI } = registers;
const { r8: R8, r9: R9, r12: R12, r13: R13, r15: R15 } = registers;

export interface Case {
  /** In Intel syntax, as llvm-mc writes it. */
  readonly text: string;
  readonly bytes: readonly number[];
}

type Operand =
  | Address
  | GeneralRegister
  | VectorRegister
  | ReturnType<typeof k>
  | ReturnType<typeof tmm>
  | number;

const GENERAL = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];

function registerName(operand: Exclude<Operand, Address | number>): string {
  switch (operand.kind) {
    case "general":
      if (operand.number < 8) return (operand.bits === 64 ? "r" : "e") + GENERAL[operand.number];
      return `r${operand.number}${operand.bits === 64 ? "" : "d"}`;
    case "vector":
      return `${operand.bits === 512 ? "z" : "y"}mm${operand.number}`;
    case "mask":
      return `k${operand.number}`;
    case "tile":
      return `tmm${operand.number}`;
  }
}

function addressText({ base, index, scale = 1, disp = 0 }: Address): string {
  const scaled = index && ` + ${scale === 1 ? "" : `${scale}*`}${registerName(index)}`;
  return `[${registerName(base)}${scaled ?? ""}${disp === 0 ? "" : disp < 0 ? ` - ${-disp}` : ` + ${disp}`}]`;
}

/** How an operand in memory is introduced, by its size. */
const POINTERS: Readonly<Record<string, string>> = {
  vbroadcastss: "dword ptr ",
  movsxd: "dword ptr ",
  kmovw: "word ptr ",
  prefetcht0: "byte ptr ",
  prefetcht1: "byte ptr ",
  prefetchw: "byte ptr ",
  lea: "",
  ldtilecfg: "",
  tileloadd: "",
  tilestored: "",
};

function textOf(mnemonic: string, operands: readonly Operand[], masking?: Masking): string {
  const register = operands.find((operand) => typeof operand === "object" && operand.kind !== undefined);
  const bits = register === undefined ? 64 : (register as VectorRegister).bits as number;
  const part = { vpmovsxbd: 4, vpmovzxwd: 2, vcvtph2ps: 2 }[mnemonic] ?? 1;
  const sizes: Readonly<Record<number, string>> = {
    32: "dword",
    64: "qword",
    128: "xmmword",
    256: "ymmword",
    512: "zmmword",
  };
  const pointer = POINTERS[mnemonic] ?? `${sizes[bits / part]} ptr `;
  const texts = operands.map((operand) => {
    if (typeof operand === "number") return String(operand);
    return operand.kind === undefined ? pointer + addressText(operand) : registerName(operand);
  });
  if (masking !== undefined) texts[0] += ` {k${masking.mask.number}}${masking.zero ? " {z}" : ""}`;
  return `${mnemonic} ${texts.join(", ")}`;
}

function one(mnemonic: keyof Assembler, operands: readonly Operand[], masking?: Masking): Case {
  const asm = assembler();
  const method = asm[mnemonic] as (...operands: readonly (Operand | Masking)[]) => void;
  method(...operands, ...(masking === undefined ? [] : [masking]));
  return { text: textOf(mnemonic, operands, masking), bytes: asm.bytes };
}

/** Each way to write an address: bases and indices of both halves, RSP, RBP and their like, every size of displacement. */
const addresses: readonly Address[] = [
  { base: RAX },
  { base: R15 },
  { base: RSP },
  { base: RBP },
  { base: R12, disp: 8 },
  { base: R13 },
  { base: RDI, disp: 127 },
  { base: RDI, disp: -128 + 1 },
  { base: R9, disp: 128 },
  { base: RCX, disp: 64 },
  { base: RBX, disp: 64 * 127 },
  { base: RBX, disp: 64 * 128 },
  { base: RSI, disp: -64 },
  { base: RDX, disp: 4 },
  { base: RDX, disp: 1000 },
  { base: RAX, index: RCX, scale: 1 },
  { base: RBP, index: R8, scale: 2 },
  { base: R13, index: RBP, scale: 4, disp: 4 },
  { base: RSP, index: R12, scale: 8, disp: 192 },
  { base: R8, index: R15, scale: 8, disp: -100_000 },
];

const general = [RAX, RSP, RBP, RDI, R8, R12, R15];
const vectors = (bits: 256 | 512) =>
  (bits === 256 ? [0, 7, 8, 15] : [0, 8, 15, 16, 23, 31]).map((n) => vector(bits, n));

function generalCases(): Case[] {
  const arithmetic = ["add", "or", "and", "xor", "cmp"] as const;
  return [
    ...arithmetic.flatMap((mnemonic) => [
      ...general.map((register, i) => one(mnemonic, [register, general.at(i - 2)!])),
      ...general.flatMap((register) => [1, -4, 0x1234_5678].map((value) => one(mnemonic, [register, value]))),
      ...addresses.slice(0, 6).flatMap((address) => [
        one(mnemonic, [R9, address]),
        one(mnemonic, [address, R9]),
        one(mnemonic, [address, -7]),
      ]),
      one(mnemonic, [dword(RAX), dword(R9)]),
      one(mnemonic, [dword(RBX), 0x1800_1000]),
    ]),
    ...general.flatMap((register, i) => [
      one("mov", [register, general.at(i - 3)!]),
      one("mov", [register, 64]),
      one("push", [register]),
      one("pop", [register]),
      one("jmp", [register]),
    ]),
    ...addresses.flatMap((address) => [
      one("mov", [RDX, address]),
      one("mov", [address, R15]),
      one("mov", [dword(R9), address]),
      one("lea", [R13, address]),
      one("prefetcht0", [address]),
      one("prefetcht1", [address]),
      one("prefetchw", [address]),
    ]),
    one("mov", [{ base: RDI, disp: 192 }, 0]),
    one("mov", [dword(RSI), dword(RSI)]),
    one("mov", [dword(RAX), 7]),
    one("movsxd", [RCX, { base: RAX, index: RSI, scale: 4 }]),
    ...(["ret", "cpuid", "xgetbv", "syscall", "vzeroupper", "tilerelease"] as const).map((mnemonic) => {
      return { ...one(mnemonic, []), text: mnemonic };
    }),
    ...jumps(),
  ];
}

/** To the next instruction, and to the jump itself. */
function jumps(): Case[] {
  return (["jb", "je", "jne", "js", "jns", "jmp"] as const).flatMap((mnemonic) =>
    [false, true].map((back) => {
      const asm = assembler();
      const label = asm.label();
      if (back) asm.bind(label);
      asm[mnemonic](label);
      if (!back) asm.bind(label);
      return { text: `${mnemonic} ${back ? -asm.bytes.length : 0}`, bytes: asm.bytes };
    })
  );
}

// deno-fmt-ignore
const ON_TWO_SOURCES = [
  "vaddps", "vsubps", "vmulps", "vdivps", "vminps", "vmaxps", "vunpcklps", "vunpckhps",
  "vpaddd", "vpsubd", "vpmaxud", "vfmadd213ps", "vfmadd231ps", "vfnmadd231ps", "vpermps",
] as const;

function vectorCases(bits: 256 | 512): Case[] {
  const own = bits === 256 ? ["vpxor", "vpand"] as const : ["vpxord", "vpandd", "vpord"] as const;
  const three = [...ON_TWO_SOURCES, ...own];
  const list = vectors(bits);
  const at = (i: number) => list.at(i % list.length)!;
  return [
    ...three.flatMap((mnemonic) => [
      ...list.map((target, i) => one(mnemonic, [target, at(i + 1), at(i + 2)])),
      ...addresses.slice(0, 3).map((address, i) => one(mnemonic, [at(i), at(i + 1), address])),
    ]),
    ...(bits === 256 ? ["vshufps", "vperm2f128"] as const : ["vshufps", "vshuff32x4"] as const).flatMap((mnemonic) =>
      list.map((target, i) => one(mnemonic, [target, at(i + 1), at(i + 2), 0x44 + i]))
    ),
    ...(["vpslld", "vpsrad", "vpsrld"] as const).flatMap((mnemonic) =>
      list.map((target, i) => one(mnemonic, [target, at(i + 1), 23]))
    ),
    ...list.map((target, i) => one("vcvtdq2ps", [target, at(i + 1)])),
    ...addresses.flatMap((address, i) => [
      one("vmovups", [at(i), address]),
      one("vmovups", [address, at(i)]),
      one("vbroadcastss", [at(i), address]),
      ...(["vpmovsxbd", "vpmovzxwd", "vcvtph2ps"] as const).map((mnemonic) => one(mnemonic, [at(i), address])),
    ]),
    ...(bits === 256
      ? addresses.flatMap((address, i) => [
        one("vmaskmovps", [at(i), at(i + 1), address]),
        one("vmaskmovps", [address, at(i), at(i + 1)]),
      ])
      : list.flatMap((target, i) => [
        one("vmovups", [target, addresses[i]!], { mask: k(1), zero: true }),
        one("vmovups", [addresses[i]!, target], { mask: k(1 + i) }),
        one("vaddps", [target, at(i + 1), addresses[i]!], { mask: k(7 - i) }),
      ])),
  ];
}

function maskAndTileCases(): Case[] {
  const tiles = [0, 3, 7].map(tmm);
  const strided = addresses.filter(({ index }) => index !== undefined);
  return [
    ...addresses.map((address, i) => one("kmovw", [k(1 + i % 7), address])),
    one("kxnorw", [k(1), k(1), k(1)]),
    one("kxnorw", [k(7), k(2), k(3)]),
    ...addresses.map((address) => one("ldtilecfg", [address])),
    ...strided.flatMap((address, i) => [
      one("tileloadd", [tiles[i % 3]!, address]),
      one("tilestored", [address, tiles[i % 3]!]),
    ]),
    ...tiles.map((tile) => one("tilezero", [tile])),
    one("tdpbf16ps", [tmm(0), tmm(4), tmm(6)]),
    one("tdpbf16ps", [tmm(3), tmm(5), tmm(7)]),
  ];
}

/** All cases; the same in every run. */
export const cases: readonly Case[] = [
  ...generalCases(),
  ...vectorCases(256),
  ...vectorCases(512),
  ...maskAndTileCases(),
];
