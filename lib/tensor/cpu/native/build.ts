// Makes kernels-x86_64.so, the native kernels as a shared object; with --check, only tells whether it is up to date.
import { type Exported, sharedObject } from "./elf.ts";
import { emitConstants, exponentialKernels } from "./exponential.ts";
import { emitPanel, emitTilesOfA, emitTurn } from "./packing.ts";
import { AVX2, AVX512, emitTiles, type TileShape } from "./tiles.ts";
import { NATIVE_FILE } from "./open.ts";
import { type Assembler, assembler, type Label, RAX, RBX, RCX } from "./x86.ts";

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
  exported("kernels_avx2", () => emitFamily(asm, AVX2, constants));
  exported("kernels_avx512", () => emitFamily(asm, AVX512, constants));
  return sharedObject(Uint8Array.from(asm.bytes), functions);
}

/**
 * `(arguments: pointer, kernel: i32) => void`: 0 and 1 pack panels of B and tiles of A, 2 turns squares, 3 to 8 are
 * what exponential.ts gives in its order, and tiles of `rows` rows are `2·rows + 7`, and one more where A is transposed.
 */
function emitFamily(asm: Assembler, shape: TileShape, constants: Label): void {
  const emitters: (() => void)[] = [
    () => emitPanel(asm, shape),
    () => emitTilesOfA(asm, shape),
    () => emitTurn(asm),
    ...exponentialKernels(asm, shape, constants),
  ];
  for (let rows = 1; rows <= shape.rows; rows++) {
    for (const transposed of [false, true]) emitters.push(() => emitTiles(asm, shape, rows, transposed));
  }
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
 * `() => i32`: bit 0 when processor and system have AVX2 with FMA, bit 1 when they have AVX-512 F, too.
 * CPUID leaves 1 and 7, and the state that the system keeps (XGETBV).
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
  asm.raw(0x89, 0xd8, 0xc1, 0xe8, 5, 0x83, 0xe0, 1); // mov eax, ebx; shr eax, 5; and eax, 1: AVX2
  asm.raw(0xc1, 0xeb, 16, 0x83, 0xe3, 1); // shr ebx, 16; and ebx, 1: AVX-512 F
  asm.raw(0x81, 0xe7, 0xe6, 0, 0, 0, 0x81, 0xff, 0xe6, 0, 0, 0); // and edi, 0xe6; cmp edi, 0xe6: its state is kept
  asm.raw(0x0f, 0x94, 0xc1, 0x0f, 0xb6, 0xc9, 0x21, 0xcb); // sete cl; movzx ecx, cl; and ebx, ecx
  asm.raw(0x21, 0xc3, 0x8d, 0x04, 0x58); // and ebx, eax; lea eax, [rax + rbx·2]
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
