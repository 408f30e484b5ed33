// The inner kernel of matrix products by AMX: blocks of C = A·B in float32, from numbers split into three bfloat16
// parts (split.ts).
//
// Of (a1 + a2 + a3)·(b1 + b2 + b3), the products a2·b3, a3·b2 and a3·b3 are left out: they are below 2^-26 of a·b, so
// that the rest is as accurate as a float32 product. AMX adds products in float32, 32 k at a time, the small products
// first.
import { AMX_GROUP_BYTES, AMX_PART_BYTES, AMX_STEP_BYTES, AMX_STRIP } from "../layout/constants.ts";
import { AMX_CALL } from "../layout/native.ts";
import {
  type Address,
  argumentsAt,
  type Assembler,
  emitFunction,
  emitLoop,
  type GeneralRegister,
  here,
  k,
  type Label,
  registers,
  tmm,
  zmm,
} from "./assembler.ts";

/** Emits the shapes of the eight tiles: 16 rows of 64 bytes. */
export function emitTileShapes(asm: Assembler): Label {
  asm.align(64);
  const label = here(asm);
  const eight = (value: readonly number[], rest: number) => {
    for (let i = 0; i < 8; i++) asm.db(...value);
    asm.db(...new Array<number>(rest).fill(0));
  };
  asm.db(1, ...new Array<number>(15).fill(0)); // palette 1
  eight([64, 0], 16);
  eight([16], 8);
  return label;
}

const { rdi: ARGUMENTS } = registers;
/** The current strip of B, and the first block of C for it; the current strip of A, and the block of C for both. */
const { rbx: STRIP_B, rbp: C_FIRST, r12: STRIP_A, r13: C } = registers;
const { r14: STRIPS_B_LEFT, r15: STRIPS_A_LEFT } = registers;
/** The current step of A and of B, steps left; bytes from one line of a tile to the next. */
const { r8: STEP_A, r9: STEP_B, rcx: STEPS_LEFT, rdx: LINE_BYTES } = registers;
/** C's row stride, or that of the scratch memory for blocks at the edge. */
const { r10: LDC } = registers;
/** While sums are computed: the rows of C to prefetch next, where they end, and the addend of the next block. */
const { rax: AHEAD, r11: AHEAD_END, rsi: AHEAD_ADDEND } = registers;
/** The two halves of a block's rows, in C, the addend or scratch memory. */
const { rax: LOWER, r11: UPPER } = registers;
const { rax: TEMPORARY } = registers;

const argument = argumentsAt(ARGUMENTS, AMX_CALL.offsets);

/** The row and column of each quarter of a block of C; a quarter is a tile. */
const QUARTERS = [[0, 0], [0, 1], [1, 0], [1, 1]] as const;

/** Emits the function. */
export function emitAmx(asm: Assembler, shapes: Label): void {
  const [partial, next] = [asm.label(), asm.label()];
  emitFunction(asm, [STRIP_B, C_FIRST, STRIP_A, C, STRIPS_B_LEFT, STRIPS_A_LEFT], () => {
    asm.lea(TEMPORARY, shapes);
    asm.ldtilecfg({ base: TEMPORARY });
    asm.mov(LINE_BYTES, 64);
    asm.mov(STRIP_B, argument("b"));
    asm.mov(STRIPS_B_LEFT, argument("stripsB"));
    asm.mov(C_FIRST, argument("c"));
    emitLoop(asm, STRIPS_B_LEFT, () => {
      asm.mov(STRIP_A, argument("a"));
      asm.mov(STRIPS_A_LEFT, argument("stripsA"));
      asm.mov(C, C_FIRST);
      emitLoop(asm, STRIPS_A_LEFT, () => {
        jumpIfPartial();
        wholeBlock();
        asm.bind(next);
        asm.mov(TEMPORARY, argument("stepA"));
        asm.add(STRIP_A, TEMPORARY);
        asm.mov(TEMPORARY, argument("ldc"));
        asm.lea(TEMPORARY, { base: TEMPORARY, index: TEMPORARY, scale: 1 });
        asm.lea(TEMPORARY, { base: TEMPORARY, index: TEMPORARY, scale: 1 });
        asm.lea(C, { base: C, index: TEMPORARY, scale: 8 }); // 32 rows
      });
      asm.mov(TEMPORARY, argument("stepB"));
      asm.add(STRIP_B, TEMPORARY);
      asm.add(C_FIRST, 4 * AMX_STRIP);
    });
    asm.tilerelease();
  });
  asm.bind(partial);
  partialBlock();
  asm.jmp(next);

  /** Jumps if this block has fewer than 32 rows or columns. */
  function jumpIfPartial(): void {
    const [allRows, whole] = [asm.label(), asm.label()];
    asm.cmp(STRIPS_A_LEFT, 1);
    asm.jne(allRows);
    asm.cmp(argument("rows"), AMX_STRIP);
    asm.jne(partial);
    asm.bind(allRows);
    asm.cmp(STRIPS_B_LEFT, 1);
    asm.jne(whole);
    asm.cmp(argument("partial"), 0);
    asm.jne(partial);
    asm.bind(whole);
  }

  /** Adds the sums over k to tiles 0 to 3. */
  function multiply(): void {
    const part = (base: GeneralRegister, part: number, group: number): Address => (
      { base, index: LINE_BYTES, scale: 1, disp: part * AMX_PART_BYTES + group * AMX_GROUP_BYTES }
    );
    asm.mov(STEP_A, STRIP_A);
    asm.mov(STEP_B, STRIP_B);
    asm.mov(STEPS_LEFT, argument("steps"));
    beginAhead();
    emitLoop(asm, STEPS_LEFT, () => {
      prefetchAhead();
      // One part of each is loaded at a time: a3·b1, a2·b1, a2·b2, a1·b2, a1·b3, a1·b1.
      const loads = [[2, 0], [1, undefined], [undefined, 1], [0, undefined], [undefined, 2], [undefined, 0]] as const;
      for (const [a, b] of loads) {
        for (const group of [0, 1]) {
          if (a !== undefined) asm.tileloadd(tmm(4 + group), part(STEP_A, a, group));
          if (b !== undefined) asm.tileloadd(tmm(6 + group), part(STEP_B, b, group));
        }
        QUARTERS.forEach(([row, column], i) => asm.tdpbf16ps(tmm(i), tmm(4 + row), tmm(6 + column)));
      }
      asm.add(STEP_A, AMX_STEP_BYTES);
      asm.add(STEP_B, AMX_STEP_BYTES);
    });
  }

  /**
   * Sets AHEAD to this block, AHEAD_END to the next, and AHEAD_ADDEND to the next block's addend, or to C without one.
   */
  function beginAhead(): void {
    asm.mov(LDC, argument("ldc"));
    lowerHalf(C);
    asm.mov(AHEAD_END, LOWER);
    lowerHalf(AHEAD_END);
    asm.mov(AHEAD_END, LOWER);
    asm.mov(AHEAD, C);
    asm.mov(AHEAD_ADDEND, C);
    const fresh = asm.label();
    asm.cmp(argument("add"), 0);
    asm.je(fresh);
    asm.mov(AHEAD_ADDEND, AHEAD_END);
    asm.add(AHEAD_ADDEND, argument("addend"));
    asm.bind(fresh);
  }

  /** Prefetches eight more rows of this block and of the next block's addend, until there are none left. */
  function prefetchAhead(): void {
    const done = asm.label();
    asm.cmp(AHEAD, AHEAD_END);
    asm.je(done);
    for (let row = 0; row < 8; row++) {
      for (const disp of [0, 64]) {
        asm.prefetchw({ base: AHEAD, disp });
        asm.prefetcht0({ base: AHEAD_ADDEND, disp });
      }
      asm.add(AHEAD, LDC);
      asm.add(AHEAD_ADDEND, LDC);
    }
    asm.bind(done);
  }

  /** Calls `use` with each quarter's address; the two halves of the rows begin at `upper` and LOWER. */
  function eachQuarter(upper: GeneralRegister, use: (quarter: number, place: Address) => void): void {
    QUARTERS.forEach(([row, column], i) =>
      use(i, { base: row === 0 ? upper : LOWER, index: LDC, scale: 1, disp: 64 * column })
    );
  }

  /** LOWER = `upper` plus 16 rows. */
  function lowerHalf(upper: GeneralRegister): void {
    asm.lea(LOWER, { base: upper, index: LDC, scale: 8 });
    asm.lea(LOWER, { base: LOWER, index: LDC, scale: 8 });
  }

  function clearTiles(): void {
    QUARTERS.forEach((_, i) => asm.tilezero(tmm(i)));
  }

  function wholeBlock(): void {
    const [fresh, begun] = [asm.label(), asm.label()];
    asm.mov(LDC, argument("ldc"));
    asm.cmp(argument("add"), 0);
    asm.je(fresh);
    asm.mov(UPPER, argument("addend"));
    asm.add(UPPER, C);
    lowerHalf(UPPER);
    eachQuarter(UPPER, (quarter, place) => asm.tileloadd(tmm(quarter), place));
    asm.jmp(begun);
    asm.bind(fresh);
    clearTiles();
    asm.bind(begun);
    multiply();
    asm.mov(LDC, argument("ldc"));
    lowerHalf(C);
    eachQuarter(C, (quarter, place) => asm.tilestored(place, tmm(quarter)));
  }

  /** A block at the edge of C is computed in scratch memory first. */
  function partialBlock(): void {
    const { rcx: rowsLeft, r8: row, rsi: addend, r11: edge } = registers;
    clearTiles();
    multiply();
    asm.mov(edge, argument("edge"));
    asm.mov(LDC, 4 * AMX_STRIP);
    lowerHalf(edge);
    eachQuarter(edge, (quarter, place) => asm.tilestored(place, tmm(quarter)));
    setMasks();
    setRows(rowsLeft);
    asm.mov(row, C);
    asm.mov(LDC, argument("ldc"));
    asm.mov(addend, argument("addend"));
    const fresh = asm.label();
    emitLoop(asm, rowsLeft, () => {
      for (const i of [0, 1]) asm.vmovups(zmm(i), { base: edge, disp: 64 * i });
      asm.cmp(argument("add"), 0);
      asm.je(fresh);
      for (const i of [0, 1]) {
        asm.vaddps(zmm(i), zmm(i), { base: row, index: addend, scale: 1, disp: 64 * i }, { mask: k(i + 1) });
      }
      asm.bind(fresh);
      for (const i of [0, 1]) asm.vmovups({ base: row, disp: 64 * i }, zmm(i), { mask: k(i + 1) });
      asm.add(edge, 4 * AMX_STRIP);
      asm.add(row, LDC);
    });
  }

  /** Sets k1 and k2 to all columns, or, in the last strip of B, to those that exist. */
  function setMasks(): void {
    const [all, done] = [asm.label(), asm.label()];
    asm.cmp(STRIPS_B_LEFT, 1);
    asm.jne(all);
    asm.cmp(argument("partial"), 0);
    asm.je(all);
    for (const i of [0, 1]) asm.kmovw(k(i + 1), argument("mask", 4 * i));
    asm.jmp(done);
    asm.bind(all);
    for (const mask of [k(1), k(2)]) asm.kxnorw(mask, mask, mask);
    asm.bind(done);
  }

  /** Sets the number of rows: all, or, in the last strip of A, those that exist. */
  function setRows(rows: GeneralRegister): void {
    const all = asm.label();
    asm.mov(rows, AMX_STRIP);
    asm.cmp(STRIPS_A_LEFT, 1);
    asm.jne(all);
    asm.mov(rows, argument("rows"));
    asm.bind(all);
  }
}
