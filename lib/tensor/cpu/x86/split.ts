// Packing for AMX: float32 numbers as sums of three bfloat16 numbers.
//
// A bfloat16 number has 8 of a float32 number's 24 bits, so that a = a1 + a2 + a3 exactly, where a1 is a rounded to 8
// bits, a2 is the remainder rounded, and a3 the rest. (Below 2^-110, bfloat16 has no exponent for the rest, and bits
// are lost.)
//
// Matrices are cut into strips of AMX_STRIP rows of A, or columns of B. A strip consists of steps of AMX_STEP k, each
// of which has three parts; a part has two groups of 16 rows (columns); a group has 16 lines of 64 bytes. A line of A
// is 32 k of a row; a line of B is two k of 16 columns, pair by pair, as AMX expects. A pair is k and k + 16 of the
// step: the order in which k are added does not matter, and so a shift is enough to form a pair.
import { AMX_GROUP_BYTES, AMX_PART_BYTES, AMX_STEP_BYTES } from "../layout/constants.ts";
import { SPLIT_CALL } from "../layout/native.ts";
import {
  type Address,
  argumentsAt,
  type Assembler,
  emitFunction,
  emitLoop,
  here,
  type Label,
  registers,
  zmm,
} from "./assembler.ts";

const ROUND = zmm(30), UPPER_BITS = zmm(31), LARGEST = [zmm(28), zmm(29)] as const;

/** Emits the constants: half a unit of bfloat16's last bit, and a mask of the upper 16 bits. */
export function emitSplitConstants(asm: Assembler): Label {
  asm.align(64);
  const label = here(asm);
  for (let lane = 0; lane < 16; lane++) asm.db(0, 0x80, 0, 0);
  for (let lane = 0; lane < 16; lane++) asm.db(0, 0, 0xff, 0xff);
  return label;
}

/** The row stride, and 16 times that; the step's stride. */
const { rdx: LD, r9: LD_16, r8: STEP_BYTES } = registers;
const { rsi: STEPS_LEFT, rbx: GROUPS_LEFT } = registers;
/** The current group, step and line of the source, and where each goes. */
const { r12: GROUP, r13: GROUP_TO, r10: STEP, r11: STEP_TO, rax: LINE, rcx: LINE_TO } = registers;
/** From one packed group to the next: alternately within a strip, and to the next strip. */
const { r14: NEXT_GROUP, r15: NEXT_STRIP } = registers;
const { rbp: LARGEST_AT } = registers;
/** The arguments; while lines are split, the number of lines left. */
const { rdi: ARGUMENTS, rdi: LINES_LEFT } = registers;
const { rax: TEMPORARY } = registers;

/**
 * Emits a function that splits and packs whole groups of 16 rows or columns and whole steps of 32 k.
 *
 * @param alongK whether k is the contiguous dimension (A, or B stored transposed)
 * @param turned whether to transpose the lines: for B if k is contiguous, for A if it is not
 */
export function emitSplit(
  asm: Assembler,
  constants: Label,
  { alongK, turned }: { readonly alongK: boolean; readonly turned: boolean },
): void {
  const argument = argumentsAt(ARGUMENTS, SPLIT_CALL.offsets);
  emitFunction(asm, [GROUPS_LEFT, LARGEST_AT, GROUP, GROUP_TO, NEXT_GROUP, NEXT_STRIP], () => {
    asm.mov(LD, argument("ld"));
    asm.lea(LD_16, { base: LD, index: LD, scale: 1 });
    for (let i = 0; i < 3; i++) asm.lea(LD_16, { base: LD_16, index: LD_16, scale: 1 });
    asm.mov(STEP_BYTES, argument("stepBytes"));
    asm.mov(GROUPS_LEFT, argument("groups"));
    asm.mov(GROUP, argument("from"));
    asm.mov(GROUP_TO, argument("to"));
    asm.mov(NEXT_GROUP, AMX_GROUP_BYTES);
    asm.mov(NEXT_STRIP, argument("strip"));
    asm.add(NEXT_STRIP, -AMX_GROUP_BYTES);
    asm.lea(LARGEST_AT, argument("largest"));
    emitLoop(asm, GROUPS_LEFT, () => {
      asm.mov(STEPS_LEFT, argument("steps"));
      asm.mov(STEP, GROUP);
      asm.mov(STEP_TO, GROUP_TO);
      emitLoop(asm, STEPS_LEFT, () => {
        asm.lea(TEMPORARY, constants);
        asm.vmovups(ROUND, { base: TEMPORARY });
        asm.vmovups(UPPER_BITS, { base: TEMPORARY, disp: 64 });
        for (const largest of LARGEST) asm.vpxord(largest, largest, largest);
        asm.mov(LINE, STEP);
        asm.mov(LINE_TO, STEP_TO);
        asm.mov(LINES_LEFT, 16);
        emitLoop(asm, LINES_LEFT, () => {
          splitLine();
          asm.add(LINE_TO, 64);
        });
        asm.mov(ARGUMENTS, LARGEST_AT);
        asm.add(ARGUMENTS, -SPLIT_CALL.offsets.largest);
        asm.vpmaxud(LARGEST[0], LARGEST[0], LARGEST[1]);
        asm.vpmaxud(LARGEST[0], LARGEST[0], { base: LARGEST_AT });
        asm.vmovups({ base: LARGEST_AT }, LARGEST[0]);
        if (turned) { for (let part = 0; part < 3; part++) transpose(part * AMX_PART_BYTES); }
        asm.add(STEP, STEP_BYTES);
        asm.add(STEP_TO, AMX_STEP_BYTES);
      });
      asm.mov(TEMPORARY, argument("groupBytes"));
      asm.add(GROUP, TEMPORARY);
      asm.add(GROUP_TO, NEXT_GROUP);
      asm.mov(TEMPORARY, NEXT_GROUP);
      asm.mov(NEXT_GROUP, NEXT_STRIP);
      asm.mov(NEXT_STRIP, TEMPORARY);
    });
  });

  /** Splits 32 contiguous numbers, or 16 each of two rows that are LD_16 bytes apart, into a line of each part. */
  function splitLine(): void {
    const rest = [zmm(0), zmm(1)] as const, bits = [zmm(2), zmm(3)] as const;
    asm.vmovups(rest[0], { base: LINE });
    if (alongK) {
      asm.vmovups(rest[1], { base: LINE, disp: 64 });
      asm.prefetcht0({ base: LINE, index: LD, scale: 8 });
      asm.prefetcht0({ base: LINE, index: LD, scale: 8, disp: 64 });
    } else {
      asm.vmovups(rest[1], { base: LINE, index: LD_16, scale: 1 });
      asm.prefetcht0({ base: LINE, index: LD, scale: 8 });
    }
    asm.add(LINE, LD);
    for (const x of [0, 1] as const) {
      asm.vpaddd(bits[x], rest[x], rest[x]); // without the sign
      asm.vpmaxud(LARGEST[x], LARGEST[x], bits[x]);
    }
    for (let part = 0; part < 2; part++) {
      for (const x of [0, 1] as const) {
        asm.vpaddd(bits[x], rest[x], ROUND);
        asm.vpandd(bits[x], bits[x], UPPER_BITS);
        asm.vsubps(rest[x], rest[x], bits[x]);
      }
      writePairs(bits, part);
    }
    // What is left of a number below 2^-110 is too small for bfloat16: its lower bits would become the other number's.
    asm.vpandd(rest[1], rest[1], UPPER_BITS);
    writePairs(rest, 2);
  }

  /** Writes a line of a part: the upper halves of two registers. */
  function writePairs([first, second]: typeof LARGEST, part: number): void {
    asm.vpsrld(first, first, 16);
    asm.vpord(first, first, second);
    asm.vmovups({ base: LINE_TO, disp: part * AMX_PART_BYTES }, first);
  }

  /** Transposes the 16 lines of 16 pairs at STEP_TO in place. */
  function transpose(disp: number): void {
    const place = (i: number): Address => ({ base: STEP_TO, disp: disp + 64 * i });
    for (let i = 0; i < 16; i++) asm.vmovups(zmm(i), place(i));
    for (let i = 0; i < 16; i += 2) {
      asm.vunpcklps(zmm(16 + i), zmm(i), zmm(i + 1));
      asm.vunpckhps(zmm(17 + i), zmm(i), zmm(i + 1));
    }
    // Register 4g + j holds rows 4g to 4g + 3 of columns j, j + 4, j + 8 and j + 12, one column per 128-bit lane.
    for (let g = 0; g < 16; g += 4) {
      asm.vshufps(zmm(g), zmm(16 + g), zmm(18 + g), 0x44);
      asm.vshufps(zmm(g + 1), zmm(16 + g), zmm(18 + g), 0xee);
      asm.vshufps(zmm(g + 2), zmm(17 + g), zmm(19 + g), 0x44);
      asm.vshufps(zmm(g + 3), zmm(17 + g), zmm(19 + g), 0xee);
    }
    for (let j = 0; j < 4; j++) {
      asm.vshuff32x4(zmm(16), zmm(j), zmm(4 + j), 0x88);
      asm.vshuff32x4(zmm(17), zmm(j), zmm(4 + j), 0xdd);
      asm.vshuff32x4(zmm(18), zmm(8 + j), zmm(12 + j), 0x88);
      asm.vshuff32x4(zmm(19), zmm(8 + j), zmm(12 + j), 0xdd);
      const columns = [[0, 16, 18, 0x88], [4, 17, 19, 0x88], [8, 16, 18, 0xdd], [12, 17, 19, 0xdd]] as const;
      for (const [column, low, high, byte] of columns) {
        asm.vshuff32x4(zmm(20), zmm(low), zmm(high), byte);
        asm.vmovups(place(column + j), zmm(20));
      }
    }
  }
}
