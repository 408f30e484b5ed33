// Packing for AMX in machine code: float32 numbers as sums of three bfloat16 ones.
//
// A bfloat16 number has 8 of a float32 number's 24 bits, so that a = a1 + a2 + a3 exactly, where a1 is a rounded to 8 bits,
// a2 what is left rounded, a3 the rest (numbers below 2^-110, whose rest bfloat16 has no exponent for, lose bits).
// Matrices are cut into strips of 32 rows of A, or columns of B; of each the steps of 32 k come one after the other,
// AMX_STEP_BYTES each: three parts, of two groups of 16 rows (columns), of 16 lines of 64 bytes. A line of A is 32
// k of a row; a line of B is two k of 16 columns, pair by pair, as AMX takes them. A pair is k and k + 16 of the step: in
// which order k are added up is free, and so a pair is put together with a shift.
import {
  ADD_INTEGERS,
  type Address,
  AND,
  type Assembler,
  type Label,
  MAX_UNSIGNED,
  MOVE_IN,
  MOVE_OUT,
  NOT_EQUAL,
  OR,
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
  SHUFFLE,
  SHUFFLE_LANES,
  SUBTRACT,
  UNPACK_HIGH,
  UNPACK_LOW,
  XOR,
} from "./x86.ts";
import { AMX_GROUP_BYTES, AMX_PART_BYTES, AMX_STEP_BYTES } from "../layout/constants.ts";
import { SPLIT_CALL } from "../layout/native.ts";

const SPLIT_ARGUMENT = SPLIT_CALL.offsets;

const ROUND = 30, KEEP = 31, CHECKS = [28, 29] as const;

/** Emits the constants: what rounds, and the mask of the upper 16 bits. */
export function emitSplitConstants(asm: Assembler): Label {
  while (asm.bytes.length % 64 !== 0) asm.raw(0xcc);
  const label = asm.label();
  asm.bind(label);
  for (let lane = 0; lane < 16; lane++) asm.raw(0, 0x80, 0, 0);
  for (let lane = 0; lane < 16; lane++) asm.raw(0, 0, 0xff, 0xff);
  return label;
}

/**
 * Emits a function that packs whole groups of 16 rows or columns and whole steps of 32 k.
 *
 * @param alongK whether k lie side by side (A as it is, B transposed)
 * @param turned whether lines of the other kind come out: of B from k side by side, of A from rows or columns side by side
 */
export function emitSplit(asm: Assembler, constants: Label, alongK: boolean, turned: boolean): void {
  const saved = [RBX, RBP, R12, R13, R14, R15] as const;
  const argument = (name: keyof typeof SPLIT_ARGUMENT): Address => ({ base: RDI, disp: SPLIT_ARGUMENT[name] });
  const vector = (
    operation: Parameters<Assembler["vector"]>[1],
    target: number,
    source: number,
    operand: number | Address,
  ) => asm.vector(512, operation, target, source, operand);

  saved.forEach(asm.push);
  asm.load(RDX, argument("ld"));
  asm.loadAddress(R9, { base: RDX, index: RDX, scale: 1 });
  for (let i = 0; i < 3; i++) asm.loadAddress(R9, { base: R9, index: R9, scale: 1 }); // 16 rows
  asm.load(R8, argument("stepBytes"));
  asm.load(RBX, argument("groups"));
  asm.load(R12, argument("from"));
  asm.load(R13, argument("to"));
  asm.loadConstant(R14, AMX_GROUP_BYTES);
  asm.load(R15, argument("strip"));
  asm.addConstant(R15, -AMX_GROUP_BYTES);
  asm.loadAddress(RBP, argument("largest"));
  const [group, step, line] = [asm.label(), asm.label(), asm.label()];
  asm.bind(group);
  asm.load(RSI, argument("steps"));
  asm.move(R10, R12);
  asm.move(R11, R13);
  asm.bind(step);
  asm.loadLabel(RAX, constants);
  vector(MOVE_IN, ROUND, 0, { base: RAX });
  vector(MOVE_IN, KEEP, 0, { base: RAX, disp: 64 });
  for (const register of CHECKS) vector(XOR, register, register, register);
  asm.move(RAX, R10);
  asm.move(RCX, R11);
  asm.loadConstant(RDI, 16);
  asm.bind(line);
  splitLine();
  asm.addConstant(RCX, 64);
  asm.addConstant(RDI, -1);
  asm.jumpIf(NOT_EQUAL, line);
  asm.move(RDI, RBP);
  asm.addConstant(RDI, -SPLIT_ARGUMENT.largest);
  vector(MAX_UNSIGNED, CHECKS[0], CHECKS[0], CHECKS[1]);
  vector(MAX_UNSIGNED, CHECKS[0], CHECKS[0], { base: RBP });
  vector(MOVE_OUT, CHECKS[0], 0, { base: RBP });
  if (turned) { for (let part = 0; part < 3; part++) turn(part * AMX_PART_BYTES); }
  asm.add(R10, R8);
  asm.addConstant(R11, AMX_STEP_BYTES);
  asm.addConstant(RSI, -1);
  asm.jumpIf(NOT_EQUAL, step);
  asm.load(RAX, argument("groupBytes"));
  asm.add(R12, RAX);
  // Two groups lie in a strip; then the next strip comes.
  asm.add(R13, R14);
  asm.move(RAX, R14);
  asm.move(R14, R15);
  asm.move(R15, RAX);
  asm.addConstant(RBX, -1);
  asm.jumpIf(NOT_EQUAL, group);
  saved.toReversed().forEach(asm.pop);
  asm.leave();

  /** 32 numbers from RAX on, or 16 each of two rows that lie R9 bytes apart, to a line of each part at RCX. */
  function splitLine(): void {
    const rest = [0, 1] as const;
    vector(MOVE_IN, 0, 0, { base: RAX });
    if (alongK) {
      vector(MOVE_IN, 1, 0, { base: RAX, disp: 64 });
      asm.prefetch({ base: RAX, index: RDX, scale: 8 });
      asm.prefetch({ base: RAX, index: RDX, scale: 8, disp: 64 });
      asm.add(RAX, RDX);
    } else {
      vector(MOVE_IN, 1, 0, { base: RAX, index: R9, scale: 1 });
      asm.prefetch({ base: RAX, index: RDX, scale: 8 });
      asm.add(RAX, RDX);
    }
    for (const x of rest) {
      vector(ADD_INTEGERS, 2 + x, x, x); // without the sign
      vector(MAX_UNSIGNED, CHECKS[x]!, CHECKS[x]!, 2 + x);
    }
    for (let part = 0; part < 2; part++) {
      for (const x of rest) {
        vector(ADD_INTEGERS, 2 + x, x, ROUND);
        vector(AND, 2 + x, 2 + x, KEEP);
        vector(SUBTRACT, x, x, 2 + x);
      }
      pair(2, part);
    }
    pair(0, 2);
  }

  /** A line of a part: the upper halves of a register and of the next one. */
  function pair(register: number, part: number): void {
    asm.shift(512, "rightUnsigned", register, register, 16);
    vector(OR, register, register, register + 1);
    vector(MOVE_OUT, register, 0, { base: RCX, disp: part * AMX_PART_BYTES });
  }

  /** The 16 lines of 16 pairs at R11 are turned in their place. */
  function turn(disp: number): void {
    const place = (i: number): Address => ({ base: R11, disp: disp + 64 * i });
    const shuffle = (target: number, a: number, b: number, byte: number, lanes = false) => {
      vector(lanes ? SHUFFLE_LANES : SHUFFLE, target, a, b);
      asm.raw(byte);
    };
    for (let i = 0; i < 16; i++) vector(MOVE_IN, i, 0, place(i));
    for (let i = 0; i < 16; i += 2) {
      vector(UNPACK_LOW, 16 + i, i, i + 1);
      vector(UNPACK_HIGH, 17 + i, i, i + 1);
    }
    // Register 4g + j: rows 4g to 4g + 3 of columns j, j + 4, j + 8 and j + 12, a lane each.
    for (let g = 0; g < 16; g += 4) {
      shuffle(g, 16 + g, 18 + g, 0x44);
      shuffle(g + 1, 16 + g, 18 + g, 0xee);
      shuffle(g + 2, 17 + g, 19 + g, 0x44);
      shuffle(g + 3, 17 + g, 19 + g, 0xee);
    }
    for (let j = 0; j < 4; j++) {
      shuffle(16, j, 4 + j, 0x88, true);
      shuffle(17, j, 4 + j, 0xdd, true);
      shuffle(18, 8 + j, 12 + j, 0x88, true);
      shuffle(19, 8 + j, 12 + j, 0xdd, true);
      for (
        const [column, low, high, byte] of [[0, 16, 18, 0x88], [4, 17, 19, 0x88], [8, 16, 18, 0xdd], [
          12,
          17,
          19,
          0xdd,
        ]] as const
      ) {
        shuffle(20, low, high, byte, true);
        vector(MOVE_OUT, 20, 0, place(column + j));
      }
    }
  }
}
