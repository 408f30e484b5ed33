// What is made of exponentials, in machine code: rows of attention's scores and of logits, and SwiGLU. The arithmetic is that of
// assembly/math.ts and elementwise.ts, operation by operation, so that the bits are the same.
import { EXPONENTIAL } from "../layout/constants.ts";
import { ARRAYS_CALL, ROWS_CALL, type TileShape } from "../layout/native.ts";
import {
  ADD,
  ADD_INTEGERS,
  type Address,
  type Assembler,
  BROADCAST,
  DIVIDE,
  FMA,
  FMA_OTHER,
  type Label,
  MAXIMUM,
  MINIMUM,
  MOVE_IN,
  MOVE_OUT,
  MULTIPLY,
  NEGATED_FMA,
  NOT_EQUAL,
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
  SUBTRACT,
  SUBTRACT_INTEGERS,
  type VectorOperation,
  XOR,
} from "./x86.ts";

/** A vector of each constant, then sign bits. */
const CONSTANTS = [...Object.values(EXPONENTIAL), -0];
const placeOf = (name: keyof typeof EXPONENTIAL) => Object.keys(EXPONENTIAL).indexOf(name);
const LEAST = placeOf("least"), MOST = placeOf("most"), SHIFTER = placeOf("shifter"), INVERSE = placeOf("inverse");
const HIGH = placeOf("high"), LOW = placeOf("low"), FIRST_COEFFICIENT = placeOf("c6"), LAST_COEFFICIENT = placeOf("c1");
const ONE = placeOf("one"), SMALLEST = placeOf("smallest"), SIGN = CONSTANTS.length - 1;

/** Emits the constants, 64 bytes each. */
export function emitConstants(asm: Assembler): Label {
  while (asm.bytes.length % 64 !== 0) asm.raw(0xcc);
  const label = asm.label();
  asm.bind(label);
  for (const value of CONSTANTS) {
    const bytes = new Uint8Array(Float32Array.of(value).buffer);
    for (let lane = 0; lane < 16; lane++) asm.raw(...bytes);
  }
  return label;
}

const ARRAY_ARGUMENT = ARRAYS_CALL.offsets;
const ROW_ARGUMENT = ROWS_CALL.offsets;

/** The kernels of one width. */
export function exponentialKernels(asm: Assembler, { width }: TileShape, constants: Label) {
  const bytes = width / 8;
  const vector = (operation: VectorOperation, target: number, source: number, operand: number | Address) =>
    asm.vector(width, operation, target, source, operand);
  const constant = (index: number): Address => ({ base: R11, disp: 64 * index });

  /** y = exp(x); x and `whole` are lost. `below`: for what is not above 0, as in a softmax. */
  function exponential(y: number, x: number, whole: number, below: boolean): void {
    vector(MOVE_IN, y, 0, constant(below ? SMALLEST : LEAST));
    vector(MAXIMUM, x, y, x); // the second of two is what comes of NaN
    if (!below) {
      vector(MOVE_IN, y, 0, constant(MOST));
      vector(MINIMUM, x, y, x);
    }
    vector(MOVE_IN, whole, 0, constant(SHIFTER));
    vector(FMA, whole, x, constant(INVERSE));
    vector(SUBTRACT, y, whole, constant(SHIFTER));
    vector(NEGATED_FMA, x, y, constant(HIGH));
    vector(NEGATED_FMA, x, y, constant(LOW));
    vector(MOVE_IN, y, 0, constant(FIRST_COEFFICIENT + 1));
    vector(FMA, y, x, constant(FIRST_COEFFICIENT));
    for (let i = FIRST_COEFFICIENT + 2; i <= LAST_COEFFICIENT; i++) vector(FMA_OTHER, y, x, constant(i));
    const square = 7;
    vector(MULTIPLY, square, x, x);
    vector(FMA_OTHER, y, square, x);
    vector(ADD, y, y, constant(ONE));
    vector(SUBTRACT_INTEGERS, whole, whole, constant(SHIFTER));
    if (!below) {
      asm.shift(width, "right", square, whole, 1);
      vector(SUBTRACT_INTEGERS, whole, whole, square);
      asm.shift(width, "left", square, square, 23);
      vector(ADD_INTEGERS, square, square, constant(ONE));
      vector(MULTIPLY, y, y, square);
    }
    asm.shift(width, "left", whole, whole, 23);
    vector(ADD_INTEGERS, whole, whole, constant(ONE));
    vector(MULTIPLY, y, y, whole);
  }

  /** s = 1 / (1 + exp(−g)). */
  function sigmoid(s: number, g: number): void {
    vector(MOVE_IN, 5, 0, constant(SIGN));
    vector(XOR, 5, 5, g);
    exponential(s, 5, 6, false);
    vector(ADD, s, s, constant(ONE));
    vector(MOVE_IN, 5, 0, constant(ONE));
    vector(DIVIDE, s, 5, s);
  }

  /** A loop over arrays, with a counter in bytes in RCX. */
  function overArrays(pointers: readonly (keyof typeof ARRAY_ARGUMENT)[], body: (places: Address[]) => void): void {
    const registers = [RAX, RDX, RSI, R8, R9];
    asm.loadLabel(R11, constants);
    pointers.forEach((name, i) => asm.load(registers[i]!, { base: RDI, disp: ARRAY_ARGUMENT[name] }));
    asm.load(R10, { base: RDI, disp: ARRAY_ARGUMENT.count });
    const loop = asm.label();
    asm.bind(loop);
    body(pointers.map((_, i): Address => ({ base: registers[i]! })));
    pointers.forEach((_, i) => asm.addConstant(registers[i]!, bytes));
    asm.addConstant(R10, -width / 32);
    asm.jumpIf(NOT_EQUAL, loop);
    asm.leave();
  }

  /** first = SiLU(gate) · up */
  function swiglu(): void {
    overArrays(["gate", "up", "first"], ([gate, up, y]) => {
      vector(MOVE_IN, 0, 0, gate!);
      sigmoid(1, 0);
      vector(MULTIPLY, 1, 0, 1);
      vector(MULTIPLY, 1, 1, up!);
      vector(MOVE_OUT, 1, 0, y!);
    });
  }

  /** first = dy; second = dgate, third = dup */
  function swigluGradient(): void {
    overArrays(["gate", "up", "first", "second", "third"], ([gate, up, dy, dgate, dup]) => {
      vector(MOVE_IN, 0, 0, gate!);
      sigmoid(1, 0);
      vector(MOVE_IN, 2, 0, dy!);
      vector(MULTIPLY, 3, 0, 1);
      vector(MULTIPLY, 3, 2, 3);
      vector(MOVE_IN, 4, 0, constant(ONE));
      vector(SUBTRACT, 4, 4, 1);
      vector(FMA_OTHER, 4, 0, constant(ONE)); // g·(1 − s) + 1
      vector(MULTIPLY, 4, 1, 4);
      vector(MULTIPLY, 2, 2, up!);
      vector(MULTIPLY, 2, 2, 4);
      vector(MOVE_OUT, 3, 0, dup!);
      vector(MOVE_OUT, 2, 0, dgate!);
    });
  }

  /** A loop over rows: RAX the row, RBX its entry in the table, RSI the other strip or output; R9, R10 where it ends. */
  function overRows(otherStep: number | "step", body: () => void): void {
    asm.loadLabel(R11, constants);
    asm.push(RBX);
    asm.load(RAX, { base: RDI, disp: ROW_ARGUMENT.rows });
    asm.load(RDX, { base: RDI, disp: ROW_ARGUMENT.step });
    asm.load(RBX, { base: RDI, disp: ROW_ARGUMENT.table });
    asm.load(RSI, { base: RDI, disp: ROW_ARGUMENT.other });
    asm.load(R8, { base: RDI, disp: ROW_ARGUMENT.count });
    const row = asm.label();
    asm.bind(row);
    asm.loadInteger(R9, { base: RBX });
    asm.loadInteger(R10, { base: RBX, disp: 4 });
    body();
    asm.add(RAX, RDX);
    asm.addConstant(RBX, 16);
    if (otherStep === "step") asm.add(RSI, RDX);
    else asm.addConstant(RSI, otherStep);
    asm.addConstant(R8, -1);
    asm.jumpIf(NOT_EQUAL, row);
    asm.pop(RBX);
    asm.leave();
  }

  /** `body` for each 16 floats of the row, RCX bytes from its beginning; with AVX2 for each half. */
  function overColumns(body: (place: (base: number) => Address, half: number) => void): void {
    asm.move(RCX, R9);
    const column = asm.label();
    asm.bind(column);
    for (let half = 0; half < 64 / bytes; half++) {
      body((base) => ({ base, index: RCX, scale: 1, disp: bytes * half }), half);
    }
    asm.addConstant(RCX, 64);
    asm.compareRegisters(RCX, R10);
    asm.jumpIf(NOT_EQUAL, column);
  }

  /** The largest of a row, exponentials of what each is below it (`keep`: in its place), and their sums in 16 parts. */
  function softmaxRows(keep: boolean): void {
    const halves = 64 / bytes;
    overRows(128, () => {
      for (let half = 0; half < halves; half++) {
        vector(MOVE_IN, half, 0, { base: RAX, index: R9, scale: 1, disp: bytes * half });
      }
      overColumns((place, half) => {
        vector(MOVE_IN, 2, 0, place(RAX));
        vector(MAXIMUM, half, 2, half);
      });
      for (let half = 0; half < halves; half++) vector(MOVE_OUT, half, 0, { base: RSI, disp: bytes * half });
      asm.vector(256, MOVE_IN, 0, 0, { base: RSI });
      asm.vector(256, MAXIMUM, 0, 0, { base: RSI, disp: 32 });
      asm.vector(256, MOVE_OUT, 0, 0, { base: RSI });
      vector(BROADCAST, 4, 0, { base: RSI });
      for (let lane = 1; lane < 8; lane++) {
        vector(BROADCAST, 0, 0, { base: RSI, disp: 4 * lane });
        vector(MAXIMUM, 4, 0, 4);
      }
      for (let half = 0; half < halves; half++) {
        vector(MOVE_OUT, 4, 0, { base: RSI, disp: 64 + bytes * half });
        vector(XOR, 5 + half, 5 + half, 5 + half);
      }
      overColumns((place, half) => {
        vector(MOVE_IN, 0, 0, place(RAX));
        vector(SUBTRACT, 0, 0, 4);
        exponential(1, 0, 2, true);
        if (keep) vector(MOVE_OUT, 1, 0, place(RAX));
        vector(ADD, 5 + half, 5 + half, 1);
      });
      for (let half = 0; half < halves; half++) vector(MOVE_OUT, 5 + half, 0, { base: RSI, disp: bytes * half });
    });
  }

  /** A loop over two strips: register 1 is exp(row − log), register 5 the table's other float. */
  function overExponentials(body: (place: (base: number) => Address) => void): void {
    overRows("step", () => {
      vector(BROADCAST, 4, 0, { base: RBX, disp: 8 });
      vector(BROADCAST, 5, 0, { base: RBX, disp: 12 });
      overColumns((place) => {
        vector(MOVE_IN, 0, 0, place(RAX));
        vector(SUBTRACT, 0, 0, 4);
        exponential(1, 0, 2, true);
        body(place);
      });
    });
  }

  /** P = exp(P − log), dS = P · (dS − delta): the table's floats. */
  function gradientRows(): void {
    overExponentials((place) => {
      vector(MOVE_OUT, 1, 0, place(RAX));
      vector(MOVE_IN, 3, 0, place(RSI));
      vector(SUBTRACT, 3, 3, 5);
      vector(MULTIPLY, 3, 1, 3);
      vector(MOVE_OUT, 3, 0, place(RSI));
    });
  }

  /** other = exp(row − log) · factor: the table's floats. */
  function scaledRows(): void {
    overExponentials((place) => {
      vector(MULTIPLY, 1, 1, 5);
      vector(MOVE_OUT, 1, 0, place(RSI));
    });
  }

  return [
    () => softmaxRows(true),
    gradientRows,
    swiglu,
    swigluGradient,
    () => softmaxRows(false),
    scaledRows,
  ] as const;
}
