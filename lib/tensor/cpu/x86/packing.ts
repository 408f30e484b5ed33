// Packing in machine code: rows of a matrix copied to where a kernel reads them one after the other, or turned first.
import { BLOCK_TILES } from "../layout/constants.ts";
import { PACK_CALL, type TileShape } from "../layout/native.ts";
import {
  type Address,
  type Assembler,
  MASK_IN,
  MOVE_IN,
  MOVE_OUT,
  NOT_EQUAL,
  PERMUTE_HALVES,
  R10,
  R11,
  R8,
  R9,
  RAX,
  RBX,
  RCX,
  RDI,
  RDX,
  RSI,
  SHUFFLE,
  UNPACK_HIGH,
  UNPACK_LOW,
  type VectorOperation,
} from "./x86.ts";

const PACK_ARGUMENT = PACK_CALL.offsets;
const argument = (name: keyof typeof PACK_ARGUMENT): Address => ({ base: RDI, disp: PACK_ARGUMENT[name] });
/** Tiles left; its own value is kept. */
const LEFT = RBX;

function loadArguments(asm: Assembler): void {
  asm.load(RAX, argument("from"));
  asm.load(RDX, argument("ld"));
  asm.load(RCX, argument("to"));
  asm.load(R11, argument("step"));
  asm.load(RSI, argument("count"));
}

/** Emits a function that copies `count` rows of two vectors; where the mask says that there is nothing, zeros. */
export function emitPanel(asm: Assembler, { width }: TileShape): void {
  const bytes = width / 8;
  loadArguments(asm);
  for (const i of [0, 1]) loadMask(asm, width, i);
  const row = asm.label();
  asm.bind(row);
  prefetchRow(asm, 2 * bytes);
  for (const i of [0, 1]) maskedLoad(asm, width, i, { base: RAX, disp: bytes * i });
  for (const i of [0, 1]) asm.vector(width, MOVE_OUT, i, 0, { base: RCX, disp: bytes * i });
  asm.add(RAX, RDX);
  asm.add(RCX, R11);
  asm.addConstant(RSI, -1);
  asm.jumpIf(NOT_EQUAL, row);
  asm.leave();
}

/**
 * Emits a function that copies `count` rows to `tiles` tiles side by side, `step` bytes of a row to each: the mask says
 * how many floats those are. A whole vector is written, so that `tileBytes` must be one more than the tile's rows need.
 */
export function emitTilesOfA(asm: Assembler, { width, rows }: TileShape): void {
  asm.push(LEFT);
  loadArguments(asm);
  asm.load(R9, argument("tileBytes"));
  loadMask(asm, width, 0);
  const [row, tile] = [asm.label(), asm.label()];
  asm.bind(row);
  prefetchRow(asm, 4 * BLOCK_TILES * rows);
  asm.move(R8, RAX);
  asm.move(R10, RCX);
  asm.load(LEFT, argument("tiles"));
  asm.bind(tile);
  maskedLoad(asm, width, 0, { base: R8 });
  asm.vector(width, MOVE_OUT, 0, 0, { base: R10 });
  asm.add(R8, R11);
  asm.add(R10, R9);
  asm.addConstant(LEFT, -1);
  asm.jumpIf(NOT_EQUAL, tile);
  asm.add(RAX, RDX);
  asm.add(RCX, R11);
  asm.addConstant(RSI, -1);
  asm.jumpIf(NOT_EQUAL, row);
  asm.pop(LEFT);
  asm.leave();
}

/** Rows lie pages apart, where no processor reads ahead by itself. */
function prefetchRow(asm: Assembler, bytes: number): void {
  for (let disp = 0; disp < bytes; disp += 64) asm.prefetch({ base: RAX, index: RDX, scale: 8, disp });
}

function loadMask(asm: Assembler, width: 256 | 512, i: number): void {
  if (width === 512) asm.loadMask(i + 1, { base: RDI, disp: PACK_ARGUMENT.mask + 4 * i });
  else asm.vector(256, MOVE_IN, 14 + i, 0, { base: RDI, disp: PACK_ARGUMENT.mask + 32 * i });
}

function maskedLoad(asm: Assembler, width: 256 | 512, i: number, from: Address): void {
  if (width === 512) asm.vector(512, MOVE_IN, i, 0, from, i + 1, true);
  else asm.vector(256, MASK_IN, i, 14 + i, from);
}

/**
 * Emits a function that turns `tiles` groups of eight rows, `count` times eight columns of each: columns become rows of
 * eight, and groups come to lie side by side.
 */
export function emitTurn(asm: Assembler): void {
  const vector = (operation: VectorOperation, target: number, a: number, b: number | Address) =>
    asm.vector(256, operation, target, a, b);
  const group = asm.label();
  asm.push(LEFT);
  asm.load(LEFT, argument("tiles"));
  loadArguments(asm);
  asm.push(RAX);
  asm.push(RCX);
  asm.loadAddress(R8, { base: RDX, index: RDX, scale: 2 }); // 3 ld
  asm.loadAddress(R9, { base: RDX, index: RDX, scale: 4 }); // 5 ld
  asm.loadAddress(R10, { base: R8, index: RDX, scale: 4 }); // 7 ld
  asm.bind(group);
  const rows: readonly Address[] = [
    { base: RAX },
    { base: RAX, index: RDX, scale: 1 },
    { base: RAX, index: RDX, scale: 2 },
    { base: RAX, index: R8, scale: 1 },
    { base: RAX, index: RDX, scale: 4 },
    { base: RAX, index: R9, scale: 1 },
    { base: RAX, index: R8, scale: 2 },
    { base: RAX, index: R10, scale: 1 },
  ];
  const square = asm.label();
  asm.bind(square);
  rows.forEach((row, i) => vector(MOVE_IN, i, 0, row));
  for (let i = 0; i < 8; i += 2) {
    vector(UNPACK_LOW, 8 + i, i, i + 1);
    vector(UNPACK_HIGH, 9 + i, i, i + 1);
  }
  // Pairs of pairs: 8 and 10, 9 and 11 hold four rows' columns 0, 1 and 2, 3; 12 to 15 the other four rows'.
  for (const half of [0, 4]) {
    for (const [i, [a, b, byte]] of ([[8, 10, 0x44], [8, 10, 0xee], [9, 11, 0x44], [9, 11, 0xee]] as const).entries()) {
      vector(SHUFFLE, half + i, half + a, half + b);
      asm.raw(byte);
    }
  }
  for (let i = 0; i < 8; i++) {
    vector(PERMUTE_HALVES, 8 + i, i % 4, 4 + i % 4);
    asm.raw(i < 4 ? 0x20 : 0x31);
  }
  for (let i = 0; i < 8; i++) {
    vector(MOVE_OUT, 8 + i, 0, { base: RCX });
    asm.add(RCX, R11);
  }
  asm.addConstant(RAX, 32);
  asm.addConstant(RSI, -1);
  asm.jumpIf(NOT_EQUAL, square);
  asm.pop(RCX);
  asm.pop(RAX);
  asm.loadAddress(RAX, { base: RAX, index: RDX, scale: 8 });
  asm.addConstant(RCX, 32);
  asm.push(RAX);
  asm.push(RCX);
  asm.load(RSI, argument("count"));
  asm.addConstant(LEFT, -1);
  asm.jumpIf(NOT_EQUAL, group);
  asm.pop(RCX);
  asm.pop(RAX);
  asm.pop(LEFT);
  asm.leave();
}
