// The inner kernel of matrix products for AVX2 and AVX-512: tiles of C = alpha·A·B.
//
// B is packed in panels as wide as two vectors, row after row, with zeros past the edge. A is read in place. The sums
// of a tile stay in registers for all of k.
import { TILES_CALL, type TileShape } from "../layout/native.ts";
import {
  type Address,
  argumentsAt,
  type Assembler,
  emitFunction,
  emitLoop,
  emitXor,
  here,
  k,
  type Label,
  registers,
  vector,
} from "./assembler.ts";

/** Steps of k per iteration. */
const UNROLL = 4;

/** The tile's first row of A; A's row stride, and three and five times that. */
const { rax: A, rdx: LDA, r8: LDA_3, r9: LDA_5 } = registers;
/** The panel of B, and its row for the current k. */
const { rbx: PANEL, rsi: B } = registers;
/** A at the current k: its first row (all of them if stored transposed), and its seventh. */
const { r10: A_HERE, r11: A_BELOW } = registers;
/** The first tile of C in the current row of tiles, and the current tile. */
const { r12: C_FIRST, r13: C } = registers;
const { r14: PANELS_LEFT, r15: TILES_LEFT } = registers;
/** Steps of k left; outside of that loop, a temporary. */
const { rcx: STEPS_LEFT, rcx: TEMPORARY } = registers;
const { rdi: ARGUMENTS } = registers;
/** Where the next tile's A is prefetched. While a tile is written, A_BELOW holds this, and the register is LDC. */
const { rbp: AHEAD } = registers;
/** C's row stride; always in its register if A is stored transposed, because that is not prefetched. */
const { rbp: LDC } = registers;
/** While a tile is written or prefetched: one of its rows, and the addend's distance from it. */
const { rcx: C_ROW, r10: ADDEND } = registers;
/** Registers that a function must leave as they were. */
const { rbx, rbp, r12, r13, r14, r15 } = registers;

const argument = argumentsAt(ARGUMENTS, TILES_CALL.offsets);

/** Emits the function for tiles of `rows` rows; A is stored transposed or not. */
export function emitTiles(asm: Assembler, { width, columns }: TileShape, rows: number, transposed: boolean): void {
  const bytes = width / 8;
  const v = (number: number) => vector(width, number);
  const sums = Array.from({ length: rows }, (_, i) => [v(2 * i), v(2 * i + 1)] as const);
  const last = width === 512 ? 32 : 16;
  const [left, right, factor] = [v(last - 1), v(last - 2), v(last - 3)];

  emitFunction(asm, [rbx, rbp, r12, r13, r14, r15], () => {
    asm.mov(A, argument("a"));
    asm.mov(LDA, argument("lda"));
    if (transposed) asm.mov(LDC, argument("ldc"));
    else {
      asm.lea(LDA_3, { base: LDA, index: LDA, scale: 2 });
      asm.lea(LDA_5, { base: LDA, index: LDA, scale: 4 });
    }
    asm.mov(C_FIRST, argument("c"));
    asm.mov(TILES_LEFT, argument("tiles"));
    emitLoop(asm, TILES_LEFT, () => {
      asm.mov(PANEL, argument("panels"));
      asm.mov(PANELS_LEFT, argument("panelCount"));
      asm.mov(C, C_FIRST);
      if (!transposed) beginAhead();
      emitLoop(asm, PANELS_LEFT, () => {
        if (!transposed) endAhead();
        multiply();
        store();
        asm.mov(TEMPORARY, argument("panelStep"));
        asm.add(PANEL, TEMPORARY);
        asm.add(C, 4 * columns);
      });
      asm.mov(TEMPORARY, argument("tileStepA"));
      asm.add(A, TEMPORARY);
      asm.mov(TEMPORARY, argument("tileStepC"));
      asm.add(C_FIRST, TEMPORARY);
    });
  });

  /** Starts to prefetch the next tile's A, if asked to. */
  function beginAhead(): void {
    asm.mov(AHEAD, argument("tileStepA"));
    asm.add(AHEAD, A);
    asm.mov(TEMPORARY, argument("ahead"));
    asm.mov(argument("step"), TEMPORARY);
  }

  /** Stops that after enough panels to prefetch all of it: 64 bytes in each of k / UNROLL iterations. */
  function endAhead(): void {
    const going = asm.label();
    asm.mov(TEMPORARY, argument("panelCount"));
    asm.add(TEMPORARY, -Math.ceil(rows / 4));
    asm.cmp(TEMPORARY, PANELS_LEFT);
    asm.jne(going);
    asm.mov(argument("step"), 0);
    asm.bind(going);
  }

  /** Computes the sums of one tile. */
  function multiply(): void {
    for (const sum of sums.flat()) emitXor(asm, sum, sum, sum);
    asm.mov(B, PANEL);
    prefetchC();
    asm.mov(A_HERE, A);
    if (!transposed && rows > 6) asm.lea(A_BELOW, { base: A, index: LDA_3, scale: 2 });
    asm.mov(STEPS_LEFT, argument("k"));
    const [single, done] = [asm.label(), asm.label()];
    asm.add(STEPS_LEFT, -UNROLL);
    asm.js(single);
    const unrolled = here(asm);
    if (!transposed) {
      asm.prefetcht0({ base: AHEAD });
      asm.add(AHEAD, argument("step"));
    }
    steps(UNROLL);
    asm.add(STEPS_LEFT, -UNROLL);
    asm.jns(unrolled);
    asm.bind(single);
    asm.add(STEPS_LEFT, UNROLL);
    asm.je(done);
    emitLoop(asm, STEPS_LEFT, () => steps(1));
    asm.bind(done);
  }

  /**
   * Prefetches the addend and the cache lines to write, which are in no cache, instead of waiting for one after
   * another.
   */
  function prefetchC(): void {
    const fresh = asm.label();
    const ldc = registers.r10;
    const prefetchRows = (prefetch: (address: Address) => void) => {
      for (let row = 0; row < rows; row++) {
        for (let disp = 0; disp < 2 * bytes; disp += 64) prefetch({ base: C_ROW, disp });
        asm.add(C_ROW, ldc);
      }
    };
    asm.mov(ldc, argument("ldc"));
    asm.cmp(argument("add"), 0);
    asm.je(fresh);
    asm.mov(C_ROW, C);
    asm.add(C_ROW, argument("addend"));
    prefetchRows(asm.prefetcht0);
    asm.bind(fresh);
    asm.mov(C_ROW, C);
    prefetchRows(asm.prefetchw);
  }

  function steps(count: number): void {
    for (let step = 0; step < count; step++) {
      const disp = 2 * bytes * step;
      asm.vmovups(left, { base: B, disp });
      asm.vmovups(right, { base: B, disp: disp + bytes });
      sums.forEach(([a, b], row) => {
        asm.vbroadcastss(factor, elementOfA(row, step));
        asm.vfmadd231ps(a, factor, left);
        asm.vfmadd231ps(b, factor, right);
      });
      if (transposed) asm.add(A_HERE, LDA);
    }
    asm.add(B, 2 * bytes * count);
    if (transposed) return;
    asm.add(A_HERE, 4 * count);
    if (rows > 6) asm.add(A_BELOW, 4 * count);
  }

  function elementOfA(row: number, step: number): Address {
    if (transposed) return { base: A_HERE, disp: 4 * row };
    const base = row < 6 ? A_HERE : A_BELOW;
    const disp = 4 * step;
    switch (row % 6) {
      case 0:
        return { base, disp };
      case 3:
        return { base, disp, index: LDA_3, scale: 1 };
      case 5:
        return { base, disp, index: LDA_5, scale: 1 };
      default:
        return { base, disp, index: LDA, scale: row % 6 as 1 | 2 | 4 };
    }
  }

  /** Writes the tile to C: all columns, or, in the last panel, those that exist. */
  function store(): void {
    const [whole, partial, done] = [asm.label(), asm.label(), asm.label()];
    asm.vbroadcastss(factor, argument("alpha"));
    for (const sum of sums.flat()) asm.vmulps(sum, sum, factor);
    asm.mov(C_ROW, C);
    asm.cmp(argument("partial"), 0);
    asm.je(whole);
    asm.cmp(PANELS_LEFT, 1);
    asm.je(partial);
    asm.bind(whole);
    write(false, done);
    asm.bind(partial);
    if (width === 512) { for (const i of [0, 1]) asm.kmovw(k(i + 1), argument("mask", 4 * i)); }
    else [left, right].forEach((mask, i) => asm.vmovups(mask, argument("mask", bytes * i)));
    write(true, done);
    asm.bind(done);
    if (!transposed) asm.mov(AHEAD, A_BELOW);
  }

  function write(partial: boolean, done: Label): void {
    const fresh = asm.label();
    if (!transposed) {
      asm.mov(A_BELOW, AHEAD);
      asm.mov(LDC, argument("ldc"));
    }
    asm.cmp(argument("add"), 0);
    asm.je(fresh);
    asm.mov(ADDEND, argument("addend"));
    rowsToC(partial, true);
    asm.jmp(done);
    asm.bind(fresh);
    rowsToC(partial, false);
    asm.jmp(done);
  }

  function rowsToC(partial: boolean, add: boolean): void {
    for (const pair of sums) {
      pair.forEach((sum, i) => {
        const place: Address = { base: C_ROW, disp: bytes * i };
        const added: Address = { base: C_ROW, index: ADDEND, scale: 1, disp: bytes * i };
        if (partial && width === 256) {
          const mask = i === 0 ? left : right;
          if (add) {
            asm.vmaskmovps(factor, mask, added);
            asm.vaddps(sum, sum, factor);
          }
          asm.vmaskmovps(place, mask, sum);
        } else {
          const masking = partial ? { mask: k(i + 1) } : undefined;
          if (add) asm.vaddps(sum, sum, added, masking);
          asm.vmovups(place, sum, masking);
        }
      });
      asm.add(C_ROW, LDC);
    }
  }
}
