// Makes kernels-x86_64.so, the native kernels as a shared object; with --check, only tells whether it is up to date.
import { emitAmx, emitTileShapes } from "./amx.ts";
import { type Exported, sharedObject } from "./elf.ts";
import { emitConstants, exponentialKernels } from "./exponential.ts";
import { emitPanel, emitTilesOfA, emitTurn } from "./packing.ts";
import { emitSplit, emitSplitConstants } from "./split.ts";
import { AVX2, AVX512, type TileShape } from "../layout/native.ts";
import { emitTiles } from "./tiles.ts";
import { NATIVE_FILE } from "./open.ts";
import { type Assembler, assembler, type Label, NOT_EQUAL, RAX, RBX, RCX } from "./x86.ts";

/** The whole file. */
export function compileNative(): Uint8Array<ArrayBuffer> {
  const asm = assembler();
  const functions: Exported[] = [];
  const exported = (name: string, emit: () => void) => {
    while (asm.bytes.length % 64 !== 0) asm.raw(0xcc);
    const at = asm.bytes.length;
    emit();
    functions.push({ name, at, size: asm.bytes.length - at });
  };
  exported("features", () => emitFeatures(asm));
  const constants = emitConstants(asm);
  const [words, shapes] = [emitSplitConstants(asm), emitTileShapes(asm)];
  exported("request_amx", () => emitRequest(asm));
  exported("kernels_avx2", () => emitFamily(asm, tileKernels(asm, AVX2, constants)));
  exported("kernels_avx512", () =>
    emitFamily(asm, [
      ...tileKernels(asm, AVX512, constants),
      () => emitSplit(asm, words, true, false),
      () => emitSplit(asm, words, true, true),
      () => emitSplit(asm, words, false, false),
      () => emitSplit(asm, words, false, true),
      () => emitAmx(asm, shapes),
    ]));
  return sharedObject(Uint8Array.from(asm.bytes), functions);
}

/**
 * The kernels of one width by number: 0 and 1 pack panels of B and tiles of A, 2 turns squares, 3 to 8 are what
 * exponential.ts gives in its order, and tiles of `rows` rows are `2·rows + 7`, and one more where A is transposed. After
 * those of AVX-512 come AMX's: four that split (k side by side, the same turned, rows or columns side by side, the same
 * turned), and products.
 */
function tileKernels(asm: Assembler, shape: TileShape, constants: Label): (() => void)[] {
  const emitters: (() => void)[] = [
    () => emitPanel(asm, shape),
    () => emitTilesOfA(asm, shape),
    () => emitTurn(asm),
    ...exponentialKernels(asm, shape, constants),
  ];
  for (let rows = 1; rows <= shape.rows; rows++) {
    for (const transposed of [false, true]) emitters.push(() => emitTiles(asm, shape, rows, transposed));
  }
  return emitters;
}

/** `(arguments: pointer, kernel: i32) => void` */
function emitFamily(asm: Assembler, emitters: readonly (() => void)[]): void {
  const table = asm.label();
  asm.loadLabel(RAX, table);
  asm.raw(0x89, 0xf6); // mov esi, esi: the upper half may be anything
  asm.raw(0x48, 0x63, 0x0c, 0xb0); // movsxd rcx, [rax + rsi·4]
  asm.add(RAX, RCX);
  asm.raw(0xff, 0xe0); // jmp rax
  while (asm.bytes.length % 4 !== 0) asm.raw(0xcc);
  asm.bind(table);
  const begin = asm.bytes.length;
  const kernels = emitters.map((): Label => asm.label());
  for (const label of kernels) asm.distance(label, begin);
  kernels.forEach((label, kernel) => {
    while (asm.bytes.length % 64 !== 0) asm.raw(0xcc);
    asm.bind(label);
    emitters[kernel]!();
  });
}

/**
 * `() => i32`: 0 when Linux lets this process use AMX's tiles: arch_prctl(ARCH_REQ_XCOMP_PERM, XTILEDATA).
 * https://docs.kernel.org/arch/x86/xstate.html
 */
function emitRequest(asm: Assembler): void {
  asm.raw(0xb8, 158, 0, 0, 0); // mov eax, the call's number
  asm.raw(0xbf, 0x23, 0x10, 0, 0); // mov edi, 0x1023
  asm.raw(0xbe, 18, 0, 0, 0); // mov esi, 18
  asm.raw(0x0f, 0x05, 0xc3); // syscall; ret
}

/**
 * `() => i32`: bit 0 when processor and system have AVX2 with FMA, bit 1 when they have AVX-512 F, too, and bit 2 when they
 * have AVX-512 BW and AMX with bfloat16. CPUID leaves 1 and 7, and the state that the system keeps (XGETBV).
 */
function emitFeatures(asm: Assembler): void {
  const none = asm.label();
  const jumpNone = (...opcode: number[]) => {
    asm.raw(...opcode);
    asm.distance(none, asm.bytes.length + 4);
  };
  asm.push(RBX);
  asm.raw(0x31, 0xc0, 0x0f, 0xa2); // xor eax, eax; cpuid
  asm.raw(0x83, 0xf8, 0x07); // cmp eax, 7
  jumpNone(0x0f, 0x82); // jb
  asm.raw(0xb8, 1, 0, 0, 0, 0x31, 0xc9, 0x0f, 0xa2); // mov eax, 1; xor ecx, ecx; cpuid
  // FMA (12), OSXSAVE (27), AVX (28)
  asm.raw(0x81, 0xe1, 0x00, 0x10, 0x00, 0x18, 0x81, 0xf9, 0x00, 0x10, 0x00, 0x18); // and ecx, bits; cmp ecx, bits
  jumpNone(0x0f, 0x85); // jne
  asm.raw(0x31, 0xc9, 0x0f, 0x01, 0xd0); // xor ecx, ecx; xgetbv
  asm.raw(0x89, 0xc7, 0x83, 0xe0, 0x06, 0x83, 0xf8, 0x06); // mov edi, eax; and eax, 6; cmp eax, 6
  jumpNone(0x0f, 0x85);
  asm.raw(0xb8, 7, 0, 0, 0, 0x31, 0xc9, 0x0f, 0xa2); // mov eax, 7; xor ecx, ecx; cpuid
  asm.raw(0x31, 0xc0, 0x0f, 0xba, 0xe3, 5, 0x0f, 0x92, 0xc0); // xor eax, eax; bt ebx, 5; setc al: AVX2
  const done = asm.label();
  /** Jumps to the end unless all these bits are set: cmp with what is left of a register. */
  const need = (register: "ebx" | "ecx" | "edx" | "edi", bits: number) => {
    const number = { ecx: 1, edx: 2, ebx: 3, edi: 7 }[register];
    const int = [bits & 255, bits >> 8 & 255, bits >> 16 & 255, bits >>> 24];
    asm.raw(0x89, 0xc0 | number << 3 | 6); // mov esi, register
    asm.raw(0x81, 0xe6, ...int, 0x81, 0xfe, ...int); // and esi, bits; cmp esi, bits
    asm.jumpIf(NOT_EQUAL, done);
  };
  need("edi", 0xe6); // the state of AVX-512 is kept
  need("ebx", 1 << 16); // AVX-512 F
  asm.raw(0x83, 0xc8, 2); // or eax, 2
  need("edi", 3 << 17); // the state of AMX is kept
  need("ebx", 1 << 30); // AVX-512 BW
  need("edx", 1 << 24 | 1 << 22); // AMX-TILE, AMX-BF16
  asm.raw(0x83, 0xc8, 4); // or eax, 4
  asm.bind(done);
  asm.pop(RBX);
  asm.raw(0xc3);
  asm.bind(none);
  asm.raw(0x31, 0xc0);
  asm.pop(RBX);
  asm.raw(0xc3);
}

if (import.meta.main) {
  const bytes = compileNative();
  if (!Deno.args.includes("--check")) {
    await Deno.writeFile(NATIVE_FILE, bytes);
    console.log(`kernels-x86_64.so: ${bytes.length} bytes`);
  } else {
    const committed = await Deno.readFile(NATIVE_FILE);
    if (committed.length !== bytes.length || !committed.every((byte, i) => byte === bytes[i])) {
      console.error("kernels-x86_64.so is not what its source assembles to: run deno task build:native");
      Deno.exitCode = 1;
    }
  }
}
