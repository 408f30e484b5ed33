// An assembler for the few x86-64 instructions that the native kernels are made of, as bytes. Encodings: Intel 64
// Architectures Software Developer's Manual, volume 2, chapter 2 (ModRM, VEX, EVEX) and the instructions' own pages.

/** General registers by the number that they are encoded with. */
export const [RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15] = [
  ...[0, 1, 2, 3, 4, 5, 6, 7],
  ...[8, 9, 10, 11, 12, 13, 14, 15],
] as const as readonly [
  ...[0, 1, 2, 3, 4, 5, 6, 7],
  ...[8, 9, 10, 11, 12, 13, 14, 15],
];

/** A place in memory: `base + index·scale + disp`. */
export interface Address {
  readonly base: number;
  /** Any general register but `RSP`. */
  readonly index?: number;
  readonly scale?: 1 | 2 | 4 | 8;
  readonly disp?: number;
}

/** A vector instruction: its opcode map (1: 0F, 2: 0F38, 3: 0F3A), prefix (1: 66, 2: F3, 3: F2) and opcode. */
export interface VectorOperation {
  readonly map: 1 | 2 | 3;
  readonly prefix: 0 | 1 | 2 | 3;
  readonly opcode: number;
  /** Whether its operand in memory is one float, whatever the vector's width. */
  readonly scalar?: boolean;
}

export const MOVE_IN: VectorOperation = { map: 1, prefix: 0, opcode: 0x10 }; // vmovups from memory
export const MOVE_OUT: VectorOperation = { map: 1, prefix: 0, opcode: 0x11 }; // vmovups to memory
export const BROADCAST: VectorOperation = { map: 2, prefix: 1, opcode: 0x18, scalar: true }; // vbroadcastss
export const FMA: VectorOperation = { map: 2, prefix: 1, opcode: 0xb8 }; // vfmadd231ps: d += a·b
export const FMA_OTHER: VectorOperation = { map: 2, prefix: 1, opcode: 0xa8 }; // vfmadd213ps: d = a·d + b
export const NEGATED_FMA: VectorOperation = { map: 2, prefix: 1, opcode: 0xbc }; // vfnmadd231ps: d −= a·b
export const SUBTRACT: VectorOperation = { map: 1, prefix: 0, opcode: 0x5c }; // vsubps
export const DIVIDE: VectorOperation = { map: 1, prefix: 0, opcode: 0x5e }; // vdivps
export const MINIMUM: VectorOperation = { map: 1, prefix: 0, opcode: 0x5d }; // vminps: the second where one is NaN
export const MAXIMUM: VectorOperation = { map: 1, prefix: 0, opcode: 0x5f }; // vmaxps: the same
export const MAX_UNSIGNED: VectorOperation = { map: 2, prefix: 1, opcode: 0x3f };
export const ADD_INTEGERS: VectorOperation = { map: 1, prefix: 1, opcode: 0xfe }; // vpaddd
export const SUBTRACT_INTEGERS: VectorOperation = { map: 1, prefix: 1, opcode: 0xfa }; // vpsubd
export const ADD: VectorOperation = { map: 1, prefix: 0, opcode: 0x58 }; // vaddps
export const MULTIPLY: VectorOperation = { map: 1, prefix: 0, opcode: 0x59 }; // vmulps
export const UNPACK_LOW: VectorOperation = { map: 1, prefix: 0, opcode: 0x14 }; // vunpcklps
export const UNPACK_HIGH: VectorOperation = { map: 1, prefix: 0, opcode: 0x15 }; // vunpckhps
export const SHUFFLE: VectorOperation = { map: 1, prefix: 0, opcode: 0xc6 }; // vshufps, with a byte after it
export const PERMUTE_HALVES: VectorOperation = { map: 3, prefix: 1, opcode: 0x06 }; // vperm2f128, with a byte after it
export const XOR: VectorOperation = { map: 1, prefix: 1, opcode: 0xef }; // vpxor, vpxord
export const MASK_IN: VectorOperation = { map: 2, prefix: 1, opcode: 0x2c }; // vmaskmovps from memory, VEX only
export const MASK_OUT: VectorOperation = { map: 2, prefix: 1, opcode: 0x2e }; // vmaskmovps to memory, VEX only

// AVX-512 only
export const AND: VectorOperation = { map: 1, prefix: 1, opcode: 0xdb }; // vpandd
export const SHUFFLE_LANES: VectorOperation = { map: 3, prefix: 1, opcode: 0x23 }; // vshuff32x4, with a byte after it
export const OR: VectorOperation = { map: 1, prefix: 1, opcode: 0xeb }; // vpord

// AMX; matrices in memory are given with an index, which is the step from row to row
export const TILE_IN: VectorOperation = { map: 2, prefix: 3, opcode: 0x4b }; // tileloadd
export const TILE_OUT: VectorOperation = { map: 2, prefix: 2, opcode: 0x4b }; // tilestored
export const TILE_ZERO: VectorOperation = { map: 2, prefix: 3, opcode: 0x49 }; // tilezero
export const TILE_PRODUCT: VectorOperation = { map: 2, prefix: 2, opcode: 0x5c }; // tdpbf16ps: d += operand · source
/** With an address ldtilecfg, with register 0 tilerelease. */
export const TILE_SHAPES: VectorOperation = { map: 2, prefix: 0, opcode: 0x49 };

/** Conditions of a jump after {@linkcode Assembler.compare}, as they are encoded. */
export const EQUAL = 4, NOT_EQUAL = 5, NEGATIVE = 8, NOT_NEGATIVE = 9;

/** A place in the code that jumps go to. */
export interface Label {
  at: number | undefined;
  /** Where 32-bit distances to it are missing, and what each is counted from. */
  readonly open: { readonly hole: number; readonly from: number }[];
}

export interface Assembler {
  readonly bytes: number[];
  label(): Label;
  bind(label: Label): void;
  /** Vectors of 256 bits are encoded for AVX2, of 512 for AVX-512; `mask` is k1 to k7, `zero` clears what it leaves out. */
  vector(
    width: 256 | 512,
    operation: VectorOperation,
    target: number,
    source: number,
    operand: number | Address,
    mask?: number,
    zero?: boolean,
  ): void;
  /** An operation on the matrices of AMX. */
  tile(operation: VectorOperation, target: number, source: number, operand: number | Address): void;
  /** Shifts 32-bit integers, to the right with their sign, or without one. */
  shift(width: 256 | 512, to: "left" | "right" | "rightUnsigned", target: number, source: number, bits: number): void;
  /** All bits of a mask are set. */
  setMask(mask: number): void;
  /** `kmovw mask, [address]` */
  loadMask(mask: number, address: Address): void;
  load(target: number, address: Address): void;
  /** A number of at most 31 bits, in a register or in eight bytes of memory. */
  loadConstant(target: number | Address, value: number): void;
  store(address: Address, source: number): void;
  /** Four bytes without a sign. */
  loadInteger(target: number, address: Address): void;
  loadAddress(target: number, address: Address): void;
  /** Asks for a cache line ahead of its use; an address that is not there does no harm. */
  prefetch(address: Address, toWrite?: boolean): void;
  move(target: number, source: number): void;
  add(target: number, source: number | Address): void;
  addConstant(target: number, value: number): void;
  /** Compares a register, or eight bytes of memory, with a number of at most 31 bits. */
  compare(operand: number | Address, value: number): void;
  compareRegisters(one: number, other: number): void;
  jumpIf(condition: number, label: Label): void;
  jump(label: Label): void;
  push(register: number): void;
  pop(register: number): void;
  /** Register = the label's address. */
  loadLabel(target: number, label: Label): void;
  /** Clears the vectors' upper halves, which older code would wait for, and returns. */
  leave(): void;
  /** Raw bytes, for the rest. */
  raw(...bytes: number[]): void;
  /** The label's 32-bit distance from `from`. */
  distance(label: Label, from: number): void;
}

export function assembler(): Assembler {
  const bytes: number[] = [];
  const raw = (...more: number[]) => void bytes.push(...more);
  const int32 = (value: number) => raw(value & 255, value >> 8 & 255, value >> 16 & 255, value >> 24 & 255);

  function distance(label: Label, from: number): void {
    if (label.at === undefined) label.open.push({ hole: bytes.length, from });
    int32((label.at ?? from) - from);
  }

  function patch({ at, open }: Label): void {
    for (const { hole, from } of open) {
      const value = at! - from;
      for (let i = 0; i < 4; i++) bytes[hole + i] = value >> 8 * i & 255;
    }
  }

  /** ModRM, SIB and displacement; a displacement of one byte counts in units of `unit` bytes. */
  function operandBytes(register: number, operand: number | Address, unit = 1): void {
    const reg = (register & 7) << 3;
    if (typeof operand === "number") return raw(0xc0 | reg | operand & 7);
    const { base, index, scale = 1, disp = 0 } = operand;
    const small = disp % unit === 0 && Math.abs(disp / unit) < 128;
    const mode = disp === 0 && (base & 7) !== RBP ? 0 : small ? 1 : 2;
    if (index === undefined && (base & 7) !== RSP) raw(mode << 6 | reg | base & 7);
    else raw(mode << 6 | reg | 4, Math.log2(scale) << 6 | (index === undefined ? 4 : index & 7) << 3 | base & 7);
    if (mode === 1) raw(disp / unit & 255);
    if (mode === 2) int32(disp);
  }

  const bit = (value: number, at: number) => value >> at & 1;
  const baseOf = (operand: number | Address) => typeof operand === "number" ? operand : operand.base;
  const indexOf = (operand: number | Address) => typeof operand === "number" ? 0 : operand.index ?? 0;

  /** An instruction on 64-bit registers. */
  function word(opcode: readonly number[], register: number, operand: number | Address): void {
    raw(0x48 | bit(register, 3) << 2 | bit(indexOf(operand), 3) << 1 | bit(baseOf(operand), 3), ...opcode);
    operandBytes(register, operand);
  }

  function vex(
    { map, prefix, opcode }: VectorOperation,
    long: 0 | 1,
    target: number,
    source: number,
    operand: number | Address,
  ): void {
    raw(
      0xc4,
      (1 - bit(target, 3)) << 7 | (1 - bit(indexOf(operand), 3)) << 6 | (1 - bit(baseOf(operand), 3)) << 5 | map,
      (~source & 15) << 3 | long << 2 | prefix,
      opcode,
    );
    operandBytes(target, operand);
  }

  function evex(
    { map, prefix, opcode, scalar }: VectorOperation,
    target: number,
    source: number,
    operand: number | Address,
    mask: number,
    zero: boolean,
  ): void {
    // A vector register's fifth bit is where an address has its index's fourth.
    const x = typeof operand === "number" ? bit(operand, 4) : bit(indexOf(operand), 3);
    raw(
      0x62,
      (1 - bit(target, 3)) << 7 | (1 - x) << 6 | (1 - bit(baseOf(operand), 3)) << 5 | (1 - bit(target, 4)) << 4 | map,
      (~source & 15) << 3 | 4 | prefix,
      Number(zero) << 7 | 2 << 5 | (1 - bit(source, 4)) << 3 | mask,
      opcode,
    );
    operandBytes(target, operand, scalar ? 4 : 64);
  }

  return {
    bytes,
    raw,
    distance,
    label: () => ({ at: undefined, open: [] }),
    bind(label) {
      label.at = bytes.length;
      patch(label);
    },
    vector(width, operation, target, source, operand, mask = 0, zero = false) {
      if (width === 512) evex(operation, target, source, operand, mask, zero);
      else vex(operation, 1, target, source, operand);
    },
    tile: (operation, target, source, operand) => vex(operation, 0, target, source, operand),
    shift(width, to, target, source, bits) {
      const operation: VectorOperation = { map: 1, prefix: 1, opcode: 0x72 };
      const kind = { left: 6, right: 4, rightUnsigned: 2 }[to];
      // The target is where other instructions have their first source.
      if (width === 512) evex(operation, kind, target, source, 0, false);
      else vex(operation, 1, kind, target, source);
      raw(bits);
    },
    setMask: (mask) => vex({ map: 1, prefix: 0, opcode: 0x46 }, 1, mask, mask, mask), // kxnorw
    loadMask: (mask, address) => vex({ map: 1, prefix: 0, opcode: 0x90 }, 0, mask, 0, address),
    load: (target, address) => word([0x8b], target, address),
    loadConstant(target, value) {
      word([0xc7], 0, target);
      int32(value);
    },
    loadInteger(target, address) {
      raw(0x40 | bit(target, 3) << 2 | bit(indexOf(address), 3) << 1 | bit(baseOf(address), 3), 0x8b);
      operandBytes(target, address);
    },
    store: (address, source) => word([0x89], source, address),
    loadAddress: (target, address) => word([0x8d], target, address),
    prefetch(address, toWrite = false) {
      raw(0x40 | bit(indexOf(address), 3) << 1 | bit(baseOf(address), 3), 0x0f, toWrite ? 0x0d : 0x18);
      operandBytes(1, address);
    },
    move: (target, source) => word([0x8b], target, source),
    add: (target, source) => word([0x03], target, source),
    addConstant(target, value) {
      word([0x81], 0, target);
      int32(value);
    },
    compare(operand, value) {
      word([0x81], 7, operand);
      int32(value);
    },
    compareRegisters: (one, other) => word([0x3b], one, other),
    jumpIf(condition, label) {
      raw(0x0f, 0x80 | condition);
      distance(label, bytes.length + 4);
    },
    jump(label) {
      raw(0xe9);
      distance(label, bytes.length + 4);
    },
    loadLabel(target, label) {
      raw(0x48 | bit(target, 3) << 2, 0x8d, (target & 7) << 3 | 5); // lea target, [rip + distance]
      distance(label, bytes.length + 4);
    },
    leave: () => raw(0xc5, 0xf8, 0x77, 0xc3), // vzeroupper, ret
    push: (register) => raw(...(register > 7 ? [0x41] : []), 0x50 | register & 7),
    pop: (register) => raw(...(register > 7 ? [0x41] : []), 0x58 | register & 7),
  };
}
