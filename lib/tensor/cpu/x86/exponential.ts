// Kernels that compute exponentials: on rows of attention scores and of logits, and SwiGLU. They perform the same
// operations as the WebAssembly source (math.ts, elementwise.ts, attention.ts), in the same order, so that the bits are
// the same.
import { EXPONENTIAL } from "../layout/constants.ts";
import { ARRAYS_CALL, ROW_RANGE, ROW_SUMS, ROWS_CALL, type TileShape } from "../layout/native.ts";
import {
  type Address,
  argumentsAt,
  type Assembler,
  dword,
  emitFunction,
  emitLoop,
  emitXor,
  type GeneralRegister,
  here,
  type Label,
  registers,
  vector,
  type VectorRegister,
  ymm,
} from "./assembler.ts";

const SIGN = "sign";
const NAMES = [...Object.keys(EXPONENTIAL), SIGN] as readonly (keyof typeof EXPONENTIAL | typeof SIGN)[];
/** Bytes of each constant in the code: 16 copies of a float. */
const CONSTANT_BYTES = 64;

const { rdi: ARGUMENTS, r11: CONSTANTS } = registers;

/** Emits the constants, followed by sign bits. */
export function emitConstants(asm: Assembler): Label {
  asm.align(64);
  const label = here(asm);
  for (const value of [...Object.values(EXPONENTIAL), -0]) {
    const bytes = new Uint8Array(Float32Array.of(value).buffer);
    for (let lane = 0; lane < CONSTANT_BYTES / 4; lane++) asm.db(...bytes);
  }
  return label;
}

/** The kernels of one width, by name. */
export function exponentialKernels(asm: Assembler, { width }: TileShape, constants: Label) {
  const bytes = width / 8;
  /** Number of vectors that hold 16 floats. */
  const halves = 64 / bytes;
  const v = (number: number) => vector(width, number);
  const constant = (name: typeof NAMES[number]): Address => (
    { base: CONSTANTS, disp: CONSTANT_BYTES * NAMES.indexOf(name) }
  );

  /** y = exp(x); overwrites x, `whole` and vector 7. With `below`, only for numbers of at most 0, as in a softmax. */
  function exponential(y: VectorRegister, x: VectorRegister, whole: VectorRegister, below: boolean): void {
    const square = v(7), half = square;
    asm.vmovups(y, constant(below ? "smallest" : "least"));
    asm.vmaxps(x, y, x); // NaN stays NaN: the result is the second source then
    if (!below) {
      asm.vmovups(y, constant("most"));
      asm.vminps(x, y, x);
    }
    asm.vmovups(whole, constant("shifter"));
    asm.vfmadd231ps(whole, x, constant("inverse"));
    asm.vsubps(y, whole, constant("shifter"));
    asm.vfnmadd231ps(x, y, constant("high"));
    asm.vfnmadd231ps(x, y, constant("low"));
    asm.vmovups(y, constant("c5"));
    asm.vfmadd231ps(y, x, constant("c6"));
    for (const coefficient of ["c4", "c3", "c2", "c1"] as const) asm.vfmadd213ps(y, x, constant(coefficient));
    asm.vmulps(square, x, x);
    asm.vfmadd213ps(y, square, x);
    asm.vaddps(y, y, constant("one"));
    asm.vpsubd(whole, whole, constant("shifter"));
    if (!below) {
      asm.vpsrad(half, whole, 1);
      asm.vpsubd(whole, whole, half);
      asm.vpslld(half, half, 23);
      asm.vpaddd(half, half, constant("one"));
      asm.vmulps(y, y, half);
    }
    asm.vpslld(whole, whole, 23);
    asm.vpaddd(whole, whole, constant("one"));
    asm.vmulps(y, y, whole);
  }

  /** s = 1 / (1 + exp(−g)); overwrites vectors 5 to 7. */
  function sigmoid(s: VectorRegister, g: VectorRegister): void {
    const x = v(5), one = v(5);
    asm.vmovups(x, constant(SIGN));
    emitXor(asm, x, x, g);
    exponential(s, x, v(6), false);
    asm.vaddps(s, s, constant("one"));
    asm.vmovups(one, constant("one"));
    asm.vdivps(s, one, s);
  }

  /** A loop over arrays. */
  function overArrays(
    names: readonly (keyof typeof ARRAYS_CALL.offsets)[],
    body: (...places: Address[]) => void,
  ): void {
    const { rax, rdx, rsi, r8, r9, r10: left } = registers;
    const pointers = [rax, rdx, rsi, r8, r9].slice(0, names.length);
    const argument = argumentsAt(ARGUMENTS, ARRAYS_CALL.offsets);
    emitFunction(asm, [], () => {
      asm.lea(CONSTANTS, constants);
      names.forEach((name, i) => asm.mov(pointers[i]!, argument(name)));
      asm.mov(left, argument("count"));
      emitLoop(asm, left, () => {
        body(...pointers.map((base): Address => ({ base })));
        for (const pointer of pointers) asm.add(pointer, bytes);
      }, width / 32);
    });
  }

  /** first = SiLU(gate) ∘ up */
  function swiglu(): void {
    const [g, s] = [v(0), v(1)];
    overArrays(["gate", "up", "first"], (gate, up, y) => {
      asm.vmovups(g, gate!);
      sigmoid(s, g);
      asm.vmulps(s, g, s);
      asm.vmulps(s, s, up!);
      asm.vmovups(y!, s);
    });
  }

  /** first = dy; second = dgate, third = dup */
  function swigluGradient(): void {
    const [g, s, d, dUp, slope] = [v(0), v(1), v(2), v(3), v(4)];
    overArrays(["gate", "up", "first", "second", "third"], (gate, up, dy, dgate, dup) => {
      asm.vmovups(g, gate!);
      sigmoid(s, g);
      asm.vmovups(d, dy!);
      asm.vmulps(dUp, g, s);
      asm.vmulps(dUp, d, dUp);
      asm.vmovups(slope, constant("one"));
      asm.vsubps(slope, slope, s);
      asm.vfmadd213ps(slope, g, constant("one")); // g·(1 − s) + 1
      asm.vmulps(slope, s, slope);
      asm.vmulps(d, d, up!);
      asm.vmulps(d, d, slope);
      asm.vmovups(dup!, dUp);
      asm.vmovups(dgate!, d);
    });
  }

  /** In loops over rows: the row, the stride, its range in the table, the other matrix or output, rows left. */
  const { rax: ROW, rdx: STEP, rbx: RANGE, rsi: OTHER, r8: ROWS_LEFT } = registers;
  /** Where the row's range begins and ends, and the current column, in bytes from ROW. */
  const { r9: BEGIN, r10: END, rcx: COLUMN } = registers;

  function overRows(otherStep: number | GeneralRegister, body: () => void): void {
    const argument = argumentsAt(ARGUMENTS, ROWS_CALL.offsets);
    emitFunction(asm, [RANGE], () => {
      asm.lea(CONSTANTS, constants);
      asm.mov(ROW, argument("rows"));
      asm.mov(STEP, argument("step"));
      asm.mov(RANGE, argument("table"));
      asm.mov(OTHER, argument("other"));
      asm.mov(ROWS_LEFT, argument("count"));
      emitLoop(asm, ROWS_LEFT, () => {
        asm.mov(dword(BEGIN), { base: RANGE, disp: ROW_RANGE.offsets.begin });
        asm.mov(dword(END), { base: RANGE, disp: ROW_RANGE.offsets.end });
        body();
        asm.add(ROW, STEP);
        asm.add(RANGE, ROW_RANGE.bytes);
        asm.add(OTHER, otherStep);
      });
    });
  }

  /** A loop over the row's vectors, 16 floats at a time; `place` gives a vector's address from a base register. */
  function overColumns(body: (place: (base: GeneralRegister) => Address, half: number) => void): void {
    asm.mov(COLUMN, BEGIN);
    const column = here(asm);
    for (let half = 0; half < halves; half++) {
      body((base) => ({ base, index: COLUMN, scale: 1, disp: bytes * half }), half);
    }
    asm.add(COLUMN, 64);
    asm.cmp(COLUMN, END);
    asm.jne(column);
  }

  /** Each row's largest number and 16 partial sums of exp(x − largest); with `keep`, these replace the row. */
  function softmaxRows(keep: boolean): void {
    const sumAt = (half: number): Address => ({ base: OTHER, disp: ROW_SUMS.offsets.parts + bytes * half });
    const largestAt = (half: number): Address => ({ base: OTHER, disp: ROW_SUMS.offsets.largest + bytes * half });
    const eachHalf = (body: (half: number) => void) => Array.from({ length: halves }, (_, half) => body(half));
    const x = v(0), y = v(1), whole = v(2), largest = v(4);
    overRows(ROW_SUMS.bytes, () => {
      eachHalf((half) => asm.vmovups(v(half), { base: ROW, index: BEGIN, scale: 1, disp: bytes * half }));
      overColumns((place, half) => {
        asm.vmovups(v(2), place(ROW));
        asm.vmaxps(v(half), v(2), v(half));
      });
      // The largest of 16 candidates, by way of memory.
      eachHalf((half) => asm.vmovups(sumAt(half), v(half)));
      asm.vmovups(ymm(0), { base: OTHER });
      asm.vmaxps(ymm(0), ymm(0), { base: OTHER, disp: 32 });
      asm.vmovups({ base: OTHER }, ymm(0));
      asm.vbroadcastss(largest, { base: OTHER });
      for (let lane = 1; lane < 8; lane++) {
        asm.vbroadcastss(x, { base: OTHER, disp: 4 * lane });
        asm.vmaxps(largest, x, largest);
      }
      eachHalf((half) => {
        const sum = v(5 + half);
        asm.vmovups(largestAt(half), largest);
        emitXor(asm, sum, sum, sum);
      });
      overColumns((place, half) => {
        asm.vmovups(x, place(ROW));
        asm.vsubps(x, x, largest);
        exponential(y, x, whole, true);
        if (keep) asm.vmovups(place(ROW), y);
        asm.vaddps(v(5 + half), v(5 + half), y);
      });
      eachHalf((half) => asm.vmovups(sumAt(half), v(5 + half)));
    });
  }

  /** A loop over all vectors with y = exp(row − first); first and second are the numbers of the row's range. */
  function overExponentials(
    body: (place: (base: GeneralRegister) => Address, y: VectorRegister, second: VectorRegister) => void,
  ): void {
    const x = v(0), y = v(1), whole = v(2), first = v(4), second = v(5);
    overRows(STEP, () => {
      asm.vbroadcastss(first, { base: RANGE, disp: ROW_RANGE.offsets.first });
      asm.vbroadcastss(second, { base: RANGE, disp: ROW_RANGE.offsets.second });
      overColumns((place) => {
        asm.vmovups(x, place(ROW));
        asm.vsubps(x, x, first);
        exponential(y, x, whole, true);
        body(place, y, second);
      });
    });
  }

  /** P = exp(P − log), dS = P · (dS − delta) */
  function softmaxGradient(): void {
    const dS = v(3);
    overExponentials((place, y, delta) => {
      asm.vmovups(place(ROW), y);
      asm.vmovups(dS, place(OTHER));
      asm.vsubps(dS, dS, delta);
      asm.vmulps(dS, y, dS);
      asm.vmovups(place(OTHER), dS);
    });
  }

  /** other = exp(row − log) · factor */
  function scaledRow(): void {
    overExponentials((place, y, factor) => {
      asm.vmulps(y, y, factor);
      asm.vmovups(place(OTHER), y);
    });
  }

  return {
    softmax: () => softmaxRows(true),
    softmaxGradient,
    swiglu,
    swigluGradient,
    rowSums: () => softmaxRows(false),
    scaledRow,
  };
}
