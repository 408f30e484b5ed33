// Packing: copies rows of a matrix to where a kernel reads them one after another, or transposes them first.
import { BLOCK_TILES } from "../layout/constants.ts";
import { PACK_CALL, type TileShape } from "../layout/native.ts";
import {
  type Address,
  argumentsAt,
  type Assembler,
  emitFunction,
  emitLoop,
  k,
  registers,
  vector,
  ymm,
} from "./assembler.ts";

// Registers of all three functions; LEFT counts tiles.
const { rdi: ARGUMENTS, rax: FROM, rdx: LD, rcx: TO, r11: STEP, rsi: ROWS, rbx: LEFT } = registers;

const argument = argumentsAt(ARGUMENTS, PACK_CALL.offsets);

function loadArguments(asm: Assembler): void {
  asm.mov(FROM, argument("from"));
  asm.mov(LD, argument("ld"));
  asm.mov(TO, argument("to"));
  asm.mov(STEP, argument("step"));
  asm.mov(ROWS, argument("count"));
}

/** Emits a function that copies `count` rows of two vectors, with zeros in the lanes outside the mask. */
export function emitPanel(asm: Assembler, { width }: TileShape): void {
  const bytes = width / 8;
  emitFunction(asm, [], () => {
    loadArguments(asm);
    for (const i of [0, 1]) loadMask(asm, width, i);
    eachRow(asm, () => {
      prefetchRow(asm, 2 * bytes);
      for (const i of [0, 1]) loadMasked(asm, width, i, { base: FROM, disp: bytes * i });
      for (const i of [0, 1]) asm.vmovups({ base: TO, disp: bytes * i }, vector(width, i));
    });
  });
}

/**
 * Emits a function that copies `count` rows to `tiles` tiles: `step` bytes of each row go to each tile, as many floats
 * as the mask has. It always writes a whole vector, so that `tileBytes` must be one vector larger than the tile.
 */
export function emitTilesOfA(asm: Assembler, { width, rows }: TileShape): void {
  const { r8: from, r10: to, r9: tileBytes } = registers;
  emitFunction(asm, [LEFT], () => {
    loadArguments(asm);
    asm.mov(tileBytes, argument("tileBytes"));
    loadMask(asm, width, 0);
    eachRow(asm, () => {
      prefetchRow(asm, 4 * BLOCK_TILES * rows);
      asm.mov(from, FROM);
      asm.mov(to, TO);
      asm.mov(LEFT, argument("tiles"));
      emitLoop(asm, LEFT, () => {
        loadMasked(asm, width, 0, { base: from });
        asm.vmovups({ base: to }, vector(width, 0));
        asm.add(from, STEP);
        asm.add(to, tileBytes);
      });
    });
  });
}

/** A loop over the rows. */
function eachRow(asm: Assembler, body: () => void): void {
  emitLoop(asm, ROWS, () => {
    body();
    asm.add(FROM, LD);
    asm.add(TO, STEP);
  });
}

/** Prefetches a later row: rows are pages apart, and processors do not prefetch across pages by themselves. */
function prefetchRow(asm: Assembler, bytes: number): void {
  for (let disp = 0; disp < bytes; disp += 64) asm.prefetcht0({ base: FROM, index: LD, scale: 8, disp });
}

/** The mask of vector `i`: k(i + 1), or with AVX2 a vector. */
function loadMask(asm: Assembler, width: 256 | 512, i: number): void {
  if (width === 512) asm.kmovw(k(i + 1), argument("mask", 4 * i));
  else asm.vmovups(ymm(14 + i), argument("mask", 32 * i));
}

function loadMasked(asm: Assembler, width: 256 | 512, i: number, from: Address): void {
  if (width === 512) asm.vmovups(vector(512, i), from, { mask: k(i + 1), zero: true });
  else asm.vmaskmovps(ymm(i), ymm(14 + i), from);
}

/**
 * Emits a function that transposes `tiles` groups of eight rows with `count` times eight columns: columns become rows
 * of eight, and groups become adjacent.
 */
export function emitTranspose(asm: Assembler): void {
  const { r8: LD_3, r9: LD_5, r10: LD_7 } = registers;
  emitFunction(asm, [LEFT], () => {
    asm.mov(LEFT, argument("tiles"));
    loadArguments(asm);
    asm.push(FROM);
    asm.push(TO);
    asm.lea(LD_3, { base: LD, index: LD, scale: 2 });
    asm.lea(LD_5, { base: LD, index: LD, scale: 4 });
    asm.lea(LD_7, { base: LD_3, index: LD, scale: 4 });
    const rows: readonly Address[] = [
      { base: FROM },
      { base: FROM, index: LD, scale: 1 },
      { base: FROM, index: LD, scale: 2 },
      { base: FROM, index: LD_3, scale: 1 },
      { base: FROM, index: LD, scale: 4 },
      { base: FROM, index: LD_5, scale: 1 },
      { base: FROM, index: LD_3, scale: 2 },
      { base: FROM, index: LD_7, scale: 1 },
    ];
    emitLoop(asm, LEFT, () => {
      emitLoop(asm, ROWS, () => {
        transposeSquare(asm, rows);
        asm.add(FROM, 32);
      });
      asm.pop(TO);
      asm.pop(FROM);
      asm.lea(FROM, { base: FROM, index: LD, scale: 8 });
      asm.add(TO, 32);
      asm.push(FROM);
      asm.push(TO);
      asm.mov(ROWS, argument("count"));
    });
    asm.pop(TO);
    asm.pop(FROM);
  });
}

/** Transposes eight rows of eight to TO. */
function transposeSquare(asm: Assembler, rows: readonly Address[]): void {
  rows.forEach((row, i) => asm.vmovups(ymm(i), row));
  for (let i = 0; i < 8; i += 2) {
    asm.vunpcklps(ymm(8 + i), ymm(i), ymm(i + 1));
    asm.vunpckhps(ymm(9 + i), ymm(i), ymm(i + 1));
  }
  // Registers 8 and 10 hold columns 0 and 1 of four rows, 9 and 11 columns 2 and 3; 12 to 15 the same of the other
  // rows.
  for (const half of [0, 4]) {
    for (const [i, [a, b, byte]] of ([[8, 10, 0x44], [8, 10, 0xee], [9, 11, 0x44], [9, 11, 0xee]] as const).entries()) {
      asm.vshufps(ymm(half + i), ymm(half + a), ymm(half + b), byte);
    }
  }
  for (let i = 0; i < 8; i++) asm.vperm2f128(ymm(8 + i), ymm(i % 4), ymm(4 + i % 4), i < 4 ? 0x20 : 0x31);
  for (let i = 0; i < 8; i++) {
    asm.vmovups({ base: TO }, ymm(8 + i));
    asm.add(TO, STEP);
  }
}
