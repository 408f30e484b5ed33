// Assembles kernels-x86_64.so, a shared object with the kernels in machine code; with --check, only checks that it is
// up to date.
import {
  AVX2,
  AVX512,
  NATIVE_KERNEL,
  packedKernel,
  type PackedTask,
  tileKernel,
  type TileShape,
} from "../layout/native.ts";
import { PACKED_FORMATS } from "../../packed-format.ts";
import { emitAmx, emitTileShapes } from "./amx.ts";
import { type Assembler, assembler, dword, type Label, registers } from "./assembler.ts";
import { type CodeSymbol, sharedObject } from "./elf.ts";
import { emitConstants, exponentialKernels } from "./exponential.ts";
import { emitFeatures, emitRequestAmx } from "./features.ts";
import { NATIVE_FILE } from "./open.ts";
import { emitPacked, emitPackedConstants } from "./packed.ts";
import { emitPanel, emitTilesOfA, emitTranspose } from "./packing.ts";
import { emitSplit, emitSplitConstants } from "./split.ts";
import { emitTiles } from "./tiles.ts";

/** The whole file. */
export function compileNative(): Uint8Array<ArrayBuffer> {
  const asm = assembler();
  const symbols: CodeSymbol[] = [];
  /** Emits a function or table and records its symbol; functions begin on a cache line. */
  function named<T>(name: string, kind: CodeSymbol["kind"], emit: () => T, exported = false): T {
    asm.align(exported || kind === "function" ? 64 : 1);
    const at = asm.bytes.length;
    const made = emit();
    symbols.push({ name, kind, exported, at, size: asm.bytes.length - at });
    return made;
  }
  named("features", "function", () => emitFeatures(asm), true);
  asm.align(64);
  const tables = {
    exponential: named("exponential_constants", "table", () => emitConstants(asm)),
    split: named("split_constants", "table", () => emitSplitConstants(asm)),
    packed: named("packed_constants", "table", () => emitPackedConstants(asm)),
    shapes: named("tile_shapes", "table", () => emitTileShapes(asm)),
  };
  named("request_amx", "function", () => emitRequestAmx(asm), true);
  for (const [family, shape] of [["avx2", AVX2], ["avx512", AVX512]] as const) {
    const kernels = kernelsOf(asm, shape, tables);
    const labels = named(`kernels_${family}`, "function", () => emitDispatch(asm, kernels.length), true);
    kernels.forEach(({ name, emit }, i) =>
      named(`${family}_${name}`, "function", () => {
        asm.bind(labels[i]!);
        emit();
      })
    );
  }
  return sharedObject(Uint8Array.from(asm.bytes), symbols);
}

/** The kernels of one family in the order of their numbers. */
function kernelsOf(
  asm: Assembler,
  shape: TileShape,
  tables: { readonly exponential: Label; readonly split: Label; readonly packed: Label; readonly shapes: Label },
): readonly { readonly name: string; readonly emit: () => void }[] {
  const split = (alongK: boolean, turned: boolean) => () => emitSplit(asm, tables.split, { alongK, turned });
  const emitters: Readonly<Record<keyof typeof NATIVE_KERNEL, () => void>> = {
    packPanel: () => emitPanel(asm, shape),
    packTiles: () => emitTilesOfA(asm, shape),
    transpose: () => emitTranspose(asm),
    ...exponentialKernels(asm, shape, tables.exponential),
    splitAlongK: split(true, false),
    splitAlongKTurned: split(true, true),
    splitAcrossK: split(false, false),
    splitAcrossKTurned: split(false, true),
    amx: () => emitAmx(asm, tables.shapes),
  };
  const kernels: { name: string; emit: () => void }[] = [];
  for (const [name, emit] of Object.entries(emitters)) {
    const number = NATIVE_KERNEL[name as keyof typeof NATIVE_KERNEL];
    if (number < tileKernel(1, false) || shape === AVX512) kernels[number] = { name, emit };
  }
  for (let rows = 1; rows <= shape.rows; rows++) {
    for (const transposed of [false, true]) {
      const name = `tiles_${rows}${transposed ? "_transposed" : ""}`;
      kernels[tileKernel(rows, transposed)] = { name, emit: () => emitTiles(asm, shape, rows, transposed) };
    }
  }
  for (const format of PACKED_FORMATS) {
    const some = Array.from({ length: shape.packedRows }, (_, i) => i + 1);
    const tasks: readonly PackedTask[] = ["unpack", ...some, ...(shape === AVX512 ? ["pair"] as const : [])];
    for (const task of tasks) {
      const name = `packed_${format.toLowerCase()}_${task}`;
      kernels[packedKernel(format, task)] = { name, emit: () => emitPacked(asm, shape, format, task, tables.packed) };
    }
  }
  return kernels;
}

/**
 * Emits `(arguments: pointer, kernel: i32) => void`, which jumps to a kernel by number. Returns the kernels' labels.
 */
function emitDispatch(asm: Assembler, count: number): Label[] {
  const table = asm.label();
  const { rax, rcx, rsi } = registers;
  asm.lea(rax, table);
  asm.mov(dword(rsi), dword(rsi)); // clears the upper half, which may hold anything
  asm.movsxd(rcx, { base: rax, index: rsi, scale: 4 });
  asm.add(rax, rcx);
  asm.jmp(rax);
  asm.align(4);
  asm.bind(table);
  const begin = asm.bytes.length;
  const labels = Array.from({ length: count }, () => asm.label());
  for (const label of labels) asm.dd(label, begin); // to the table itself where a family has no such kernel
  return labels;
}

if (import.meta.main) {
  const bytes = compileNative();
  if (!Deno.args.includes("--check")) {
    await Deno.writeFile(NATIVE_FILE, bytes);
    console.log(`kernels-x86_64.so: ${bytes.length} bytes`);
  } else {
    const committed = await Deno.readFile(NATIVE_FILE);
    if (committed.length !== bytes.length || !committed.every((byte, i) => byte === bytes[i])) {
      console.error("kernels-x86_64.so is out of date: run deno task build:native");
      Deno.exitCode = 1;
    }
  }
}
