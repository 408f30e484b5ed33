// The inner kernel of matrix products for AMX: blocks of C = A·B in float32, from numbers in three bfloat16 parts
// (split.ts).
//
// (a1 + a2 + a3)·(b1 + b2 + b3) without a2·b3, a3·b2 and a3·b3, which are below 2^-26 of a·b: each product is as good as a
// float32 one. They are added up in float32, by AMX's order: 32 k at a time, the small products first.
import { AMX_GROUP_BYTES, AMX_PART_BYTES, AMX_STEP_BYTES, AMX_STRIP } from "../layout/constants.ts";
import { AMX_CALL } from "../layout/native.ts";
import {
  ADD,
  type Address,
  type Assembler,
  EQUAL,
  type Label,
  MOVE_IN,
  MOVE_OUT,
  NOT_EQUAL,
  R10,
  R11,
  R12,
  R13,
  R14,
  R15,
  R8,
  R9,
  RAX,
  RBP,
  RBX,
  RCX,
  RDI,
  RDX,
  RSI,
  TILE_IN,
  TILE_OUT,
  TILE_PRODUCT,
  TILE_SHAPES,
  TILE_ZERO,
} from "./x86.ts";

const AMX_ARGUMENT = AMX_CALL.offsets;

/** Emits the shapes of the eight tiles: 16 rows of 64 bytes. */
export function emitTileShapes(asm: Assembler): Label {
  while (asm.bytes.length % 64 !== 0) asm.raw(0xcc);
  const label = asm.label();
  asm.bind(label);
  const eight = (value: readonly number[], rest: number) => {
    for (let i = 0; i < 8; i++) asm.raw(...value);
    asm.raw(...new Array<number>(rest).fill(0));
  };
  asm.raw(1, ...new Array<number>(15).fill(0)); // palette 1
  eight([64, 0], 16);
  eight([16], 8);
  return label;
}

/** Emits a function `(arguments: pointer) => void`. */
export function emitAmx(asm: Assembler, shapes: Label): void {
  const saved = [RBX, RBP, R12, R13, R14, R15] as const;
  const argument = (name: keyof typeof AMX_ARGUMENT): Address => ({ base: RDI, disp: AMX_ARGUMENT[name] });
  /** The four quarters of a block of C: rows, columns. */
  const quarters = [[0, 0], [0, 1], [1, 0], [1, 1]] as const;

  saved.forEach(asm.push);
  asm.loadLabel(RAX, shapes);
  asm.tile(TILE_SHAPES, 0, 0, { base: RAX });
  asm.loadConstant(RDX, 64);
  asm.load(RBX, argument("b"));
  asm.load(R14, argument("stripsB"));
  asm.load(RBP, argument("c"));
  const [panel, strip, partial, next] = [asm.label(), asm.label(), asm.label(), asm.label()];
  asm.bind(panel);
  asm.load(R12, argument("a"));
  asm.load(R15, argument("stripsA"));
  asm.move(R13, RBP);
  asm.bind(strip);
  const [notLastRow, whole] = [asm.label(), asm.label()];
  asm.compare(R15, 1);
  asm.jumpIf(NOT_EQUAL, notLastRow);
  asm.compare(argument("rows"), AMX_STRIP);
  asm.jumpIf(NOT_EQUAL, partial);
  asm.bind(notLastRow);
  asm.compare(R14, 1);
  asm.jumpIf(NOT_EQUAL, whole);
  asm.compare(argument("partial"), 0);
  asm.jumpIf(NOT_EQUAL, partial);
  asm.bind(whole);
  wholeBlock();
  asm.bind(next);
  asm.load(RAX, argument("stepA"));
  asm.add(R12, RAX);
  asm.load(RAX, argument("ldc"));
  asm.loadAddress(RAX, { base: RAX, index: RAX, scale: 1 });
  asm.loadAddress(RAX, { base: RAX, index: RAX, scale: 1 });
  asm.loadAddress(R13, { base: R13, index: RAX, scale: 8 }); // 32 rows
  asm.addConstant(R15, -1);
  asm.jumpIf(NOT_EQUAL, strip);
  asm.load(RAX, argument("stepB"));
  asm.add(RBX, RAX);
  asm.addConstant(RBP, 4 * AMX_STRIP);
  asm.addConstant(R14, -1);
  asm.jumpIf(NOT_EQUAL, panel);
  asm.tile(TILE_SHAPES, 0, 0, 0);
  saved.toReversed().forEach(asm.pop);
  asm.leave();
  asm.bind(partial);
  partialBlock();
  asm.jump(next);

  /** The sums over k, onto what tiles 0 to 3 hold. */
  function multiply(): void {
    const part = (base: number, part: number, group: number): Address => (
      { base, index: RDX, scale: 1, disp: part * AMX_PART_BYTES + group * AMX_GROUP_BYTES }
    );
    asm.move(R8, R12);
    asm.move(R9, RBX);
    asm.load(RCX, argument("steps"));
    prefetchBegin();
    const step = asm.label();
    asm.bind(step);
    prefetchRows();
    // One part of each is loaded at a time: a3·b1, a2·b1, a2·b2, a1·b2, a1·b3, a1·b1.
    for (
      const [a, b] of [[2, 0], [1, undefined], [undefined, 1], [0, undefined], [undefined, 2], [undefined, 0]] as const
    ) {
      for (const group of [0, 1]) {
        if (a !== undefined) asm.tile(TILE_IN, 4 + group, 0, part(R8, a, group));
        if (b !== undefined) asm.tile(TILE_IN, 6 + group, 0, part(R9, b, group));
      }
      quarters.forEach(([row, column], i) => asm.tile(TILE_PRODUCT, i, 6 + column, 4 + row));
    }
    asm.addConstant(R8, AMX_STEP_BYTES);
    asm.addConstant(R9, AMX_STEP_BYTES);
    asm.addConstant(RCX, -1);
    asm.jumpIf(NOT_EQUAL, step);
  }

  /**
   * RAX, R11 and R10 = where the block of C begins and ends, and from row to row; RSI = what is to be added to the block
   * after it, from RAX on, or C itself.
   */
  function prefetchBegin(): void {
    asm.load(R10, argument("ldc"));
    sixteenRows(R13);
    asm.move(R11, RAX);
    sixteenRows(R11);
    asm.move(R11, RAX);
    asm.move(RAX, R13);
    asm.move(RSI, R13);
    const fresh = asm.label();
    asm.compare(argument("add"), 0);
    asm.jumpIf(EQUAL, fresh);
    asm.move(RSI, R11);
    asm.add(RSI, argument("addend"));
    asm.bind(fresh);
  }

  /** Asks for eight rows more of the block to write and of what is to be added, until all are asked for. */
  function prefetchRows(): void {
    const asked = asm.label();
    asm.compareRegisters(RAX, R11);
    asm.jumpIf(EQUAL, asked);
    for (let row = 0; row < 8; row++) {
      for (const disp of [0, 64]) {
        asm.prefetch({ base: RAX, disp }, true);
        asm.prefetch({ base: RSI, disp });
      }
      asm.add(RAX, R10);
      asm.add(RSI, R10);
    }
    asm.bind(asked);
  }

  /** Each quarter's place in a matrix of 32-bit numbers, from the place of its rows. */
  function eachQuarter(top: number, bottom: number, ld: number, use: (quarter: number, place: Address) => void): void {
    quarters.forEach(([row, column], i) =>
      use(i, { base: row === 0 ? top : bottom, index: ld, scale: 1, disp: 64 * column })
    );
  }

  /** RAX = 16 rows of R10 bytes from `from` on. */
  function sixteenRows(from: number): void {
    asm.loadAddress(RAX, { base: from, index: R10, scale: 8 });
    asm.loadAddress(RAX, { base: RAX, index: R10, scale: 8 });
  }

  function wholeBlock(): void {
    const [fresh, begun] = [asm.label(), asm.label()];
    asm.load(R10, argument("ldc"));
    asm.compare(argument("add"), 0);
    asm.jumpIf(EQUAL, fresh);
    asm.load(R11, argument("addend"));
    asm.add(R11, R13);
    sixteenRows(R11);
    eachQuarter(R11, RAX, R10, (quarter, place) => asm.tile(TILE_IN, quarter, 0, place));
    asm.jump(begun);
    asm.bind(fresh);
    quarters.forEach((_, i) => asm.tile(TILE_ZERO, i, 0, 0));
    asm.bind(begun);
    multiply();
    asm.load(R10, argument("ldc"));
    sixteenRows(R13);
    eachQuarter(R13, RAX, R10, (quarter, place) => asm.tile(TILE_OUT, quarter, 0, place));
  }

  /** A block at an edge of C goes by way of `aside`. */
  function partialBlock(): void {
    quarters.forEach((_, i) => asm.tile(TILE_ZERO, i, 0, 0));
    multiply();
    asm.load(R11, argument("edge"));
    asm.loadConstant(R10, 4 * AMX_STRIP);
    sixteenRows(R11);
    eachQuarter(R11, RAX, R10, (quarter, place) => asm.tile(TILE_OUT, quarter, 0, place));
    // Columns: all, but of the last strip of B; rows: all, but of the last strip of A.
    const [allColumns, columnsKnown, allRows] = [asm.label(), asm.label(), asm.label()];
    asm.compare(R14, 1);
    asm.jumpIf(NOT_EQUAL, allColumns);
    asm.compare(argument("partial"), 0);
    asm.jumpIf(EQUAL, allColumns);
    asm.loadMask(1, argument("mask"));
    asm.loadMask(2, { base: RDI, disp: AMX_ARGUMENT.mask + 4 });
    asm.jump(columnsKnown);
    asm.bind(allColumns);
    for (const mask of [1, 2]) asm.setMask(mask);
    asm.bind(columnsKnown);
    asm.loadConstant(RCX, AMX_STRIP);
    asm.compare(R15, 1);
    asm.jumpIf(NOT_EQUAL, allRows);
    asm.load(RCX, argument("rows"));
    asm.bind(allRows);
    asm.move(R8, R13);
    asm.load(R10, argument("ldc"));
    asm.load(RSI, argument("addend"));
    const [row, fresh] = [asm.label(), asm.label()];
    asm.bind(row);
    for (const i of [0, 1]) asm.vector(512, MOVE_IN, i, 0, { base: R11, disp: 64 * i });
    asm.compare(argument("add"), 0);
    asm.jumpIf(EQUAL, fresh);
    for (const i of [0, 1]) asm.vector(512, ADD, i, i, { base: R8, index: RSI, scale: 1, disp: 64 * i }, i + 1);
    asm.bind(fresh);
    for (const i of [0, 1]) asm.vector(512, MOVE_OUT, i, 0, { base: R8, disp: 64 * i }, i + 1);
    asm.addConstant(R11, 4 * AMX_STRIP);
    asm.add(R8, R10);
    asm.addConstant(RCX, -1);
    asm.jumpIf(NOT_EQUAL, row);
  }
}
