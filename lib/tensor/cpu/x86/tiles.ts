// The inner kernel of matrix products in machine code: strips of C = A·B, tile by tile, for AVX2 and for AVX-512.
//
// B is packed: panels of as many columns as two vectors hold, a row of a panel after the other, zeros beyond the edge. A
// is read where it lies. A tile of C stays in registers for all of k.
import {
  ADD,
  type Address,
  type Assembler,
  BROADCAST,
  EQUAL,
  FMA,
  type Label,
  MASK_IN,
  MASK_OUT,
  MOVE_IN,
  MOVE_OUT,
  MULTIPLY,
  NEGATIVE,
  NOT_EQUAL,
  NOT_NEGATIVE,
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
  type VectorOperation,
  XOR,
} from "./x86.ts";
import { TILES_CALL, type TileShape } from "../layout/native.ts";

const ARGUMENT = TILES_CALL.offsets;

/** Steps of k in a row without a jump. */
const UNROLL = 4;
const SAVED = [RBX, RBP, R12, R13, R14, R15] as const;

/** Emits a function `(arguments: pointer) => void` that makes tiles of `rows` rows; A is stored transposed or not. */
export function emitTiles(asm: Assembler, { width, columns }: TileShape, rows: number, transposed: boolean): void {
  const bytes = width / 8;
  const sums = Array.from({ length: rows }, (_, i) => [2 * i, 2 * i + 1] as const);
  const last = width === 512 ? 32 : 16;
  const [left, right, factor] = [last - 1, last - 2, last - 3];
  const argument = (name: keyof typeof ARGUMENT): Address => ({ base: RDI, disp: ARGUMENT[name] });
  const vector = (
    operation: VectorOperation,
    target: number,
    source: number,
    operand: number | Address,
    mask?: number,
  ) => asm.vector(width, operation, target, source, operand, mask);

  SAVED.forEach(asm.push);
  asm.load(RAX, argument("a"));
  asm.load(RDX, argument("lda"));
  if (!transposed) {
    asm.loadAddress(R8, { base: RDX, index: RDX, scale: 2 }); // 3 lda
    asm.loadAddress(R9, { base: RDX, index: RDX, scale: 4 }); // 5 lda
  }
  if (transposed) asm.load(RBP, argument("ldc"));
  asm.load(R12, argument("c"));
  asm.load(R15, argument("tiles"));
  const tile = asm.label();
  asm.bind(tile);
  asm.load(RBX, argument("panels"));
  asm.load(R14, argument("panelCount"));
  asm.move(R13, R12);
  if (!transposed) {
    asm.load(RBP, argument("tileStepA"));
    asm.add(RBP, RAX);
    asm.load(RCX, argument("ahead"));
    asm.store(argument("step"), RCX);
  }
  const panel = asm.label();
  asm.bind(panel);
  if (!transposed) {
    // By then all of the next tile has been asked for: 64 bytes at each of k / UNROLL steps.
    const going = asm.label();
    asm.load(RCX, argument("panelCount"));
    asm.addConstant(RCX, -Math.ceil(rows / 4));
    asm.compareRegisters(RCX, R14);
    asm.jumpIf(NOT_EQUAL, going);
    asm.loadConstant(argument("step"), 0);
    asm.bind(going);
  }
  multiply();
  store();
  asm.load(RCX, argument("panelStep"));
  asm.add(RBX, RCX);
  asm.addConstant(R13, 4 * columns);
  asm.addConstant(R14, -1);
  asm.jumpIf(NOT_EQUAL, panel);
  asm.load(RCX, argument("tileStepA"));
  asm.add(RAX, RCX);
  asm.load(RCX, argument("tileStepC"));
  asm.add(R12, RCX);
  asm.addConstant(R15, -1);
  asm.jumpIf(NOT_EQUAL, tile);
  SAVED.toReversed().forEach(asm.pop);
  asm.leave();

  /** The sums over k of one tile. */
  function multiply(): void {
    for (const pair of sums) for (const sum of pair) vector(XOR, sum, sum, sum);
    asm.move(RSI, RBX);
    prefetchC();
    asm.move(R10, RAX);
    if (!transposed && rows > 6) asm.loadAddress(R11, { base: RAX, index: R8, scale: 2 });
    asm.load(RCX, argument("k"));
    const [single, unrolled, done] = [asm.label(), asm.label(), asm.label()];
    asm.addConstant(RCX, -UNROLL);
    asm.jumpIf(NEGATIVE, single);
    asm.bind(unrolled);
    if (!transposed) {
      asm.prefetch({ base: RBP });
      asm.add(RBP, argument("step"));
    }
    steps(UNROLL);
    asm.addConstant(RCX, -UNROLL);
    asm.jumpIf(NOT_NEGATIVE, unrolled);
    asm.bind(single);
    asm.addConstant(RCX, UNROLL);
    asm.jumpIf(EQUAL, done);
    const more = asm.label();
    asm.bind(more);
    steps(1);
    asm.addConstant(RCX, -1);
    asm.jumpIf(NOT_EQUAL, more);
    asm.bind(done);
  }

  /** Asks for what is added and for the lines to write: they lie far, and would be waited for one after the other. */
  function prefetchC(): void {
    const fresh = asm.label();
    asm.load(R10, argument("ldc"));
    asm.compare(argument("add"), 0);
    asm.jumpIf(EQUAL, fresh);
    asm.move(RCX, R13);
    asm.add(RCX, argument("addend"));
    prefetchRows(false);
    asm.bind(fresh);
    asm.move(RCX, R13);
    prefetchRows(true);
  }

  function prefetchRows(toWrite: boolean): void {
    for (let row = 0; row < rows; row++) {
      for (let disp = 0; disp < 2 * bytes; disp += 64) asm.prefetch({ base: RCX, disp }, toWrite);
      asm.add(RCX, R10);
    }
  }

  function steps(count: number): void {
    for (let step = 0; step < count; step++) {
      const disp = 2 * bytes * step;
      vector(MOVE_IN, left, 0, { base: RSI, disp });
      vector(MOVE_IN, right, 0, { base: RSI, disp: disp + bytes });
      sums.forEach(([a, b], row) => {
        vector(BROADCAST, factor, 0, elementOfA(row, step));
        vector(FMA, a, factor, left);
        vector(FMA, b, factor, right);
      });
      if (transposed) asm.add(R10, RDX);
    }
    asm.addConstant(RSI, 2 * bytes * count);
    if (transposed) return;
    asm.addConstant(R10, 4 * count);
    if (rows > 6) asm.addConstant(R11, 4 * count);
  }

  function elementOfA(row: number, step: number): Address {
    if (transposed) return { base: R10, disp: 4 * row };
    const base = row < 6 ? R10 : R11;
    const disp = 4 * step;
    switch (row % 6) {
      case 0:
        return { base, disp };
      case 3:
        return { base, disp, index: R8, scale: 1 };
      case 5:
        return { base, disp, index: R9, scale: 1 };
      default:
        return { base, disp, index: RDX, scale: row % 6 as 1 | 2 | 4 };
    }
  }

  /** The tile to C: all columns, or of the last panel those that there are. */
  function store(): void {
    const [partial, done] = [asm.label(), asm.label()];
    vector(BROADCAST, factor, 0, argument("alpha"));
    for (const pair of sums) for (const sum of pair) vector(MULTIPLY, sum, sum, factor);
    asm.move(RCX, R13);
    asm.compare(argument("partial"), 0);
    const whole = asm.label();
    asm.jumpIf(EQUAL, whole);
    asm.compare(R14, 1);
    asm.jumpIf(EQUAL, partial);
    asm.bind(whole);
    write(false, done);
    asm.bind(partial);
    if (width === 512) {
      asm.loadMask(1, argument("mask"));
      asm.loadMask(2, { base: RDI, disp: ARGUMENT.mask + 4 });
    } else {
      vector(MOVE_IN, left, 0, argument("mask"));
      vector(MOVE_IN, right, 0, { base: RDI, disp: ARGUMENT.mask + bytes });
    }
    write(true, done);
    asm.bind(done);
    if (!transposed) asm.move(RBP, R11);
  }

  function write(partial: boolean, done: Label): void {
    const fresh = asm.label();
    if (!transposed) {
      asm.move(R11, RBP); // for a row's length
      asm.load(RBP, argument("ldc"));
    }
    asm.compare(argument("add"), 0);
    asm.jumpIf(EQUAL, fresh);
    asm.load(R10, argument("addend"));
    rowsToC(partial, true);
    asm.jump(done);
    asm.bind(fresh);
    rowsToC(partial, false);
    asm.jump(done);
  }

  function rowsToC(partial: boolean, add: boolean): void {
    for (const pair of sums) {
      pair.forEach((sum, i) => {
        const place: Address = { base: RCX, disp: bytes * i };
        const added: Address = { base: RCX, index: R10, scale: 1, disp: bytes * i };
        if (!partial) {
          if (add) vector(ADD, sum, sum, added);
          vector(MOVE_OUT, sum, 0, place);
        } else if (width === 512) {
          if (add) vector(ADD, sum, sum, added, i + 1);
          vector(MOVE_OUT, sum, 0, place, i + 1);
        } else {
          const mask = i === 0 ? left : right;
          if (add) {
            vector(MASK_IN, factor, mask, added);
            vector(ADD, sum, sum, factor);
          }
          vector(MASK_OUT, sum, mask, place);
        }
      });
      asm.add(RCX, RBP);
    }
  }
}
