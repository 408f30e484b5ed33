// An assembler for the x86-64 instructions that the kernels use. Methods have the mnemonics and the operand order of
// the Intel 64 and IA-32 Architectures Software Developer's Manual; chapter 2 of its volume 2 describes the encodings
// (ModRM, VEX, EVEX).

interface Register<Kind extends string, Bits extends number> {
  readonly kind: Kind;
  readonly number: number;
  readonly bits: Bits;
}

export type GeneralRegister = Register<"general", 32 | 64>;
/** The size selects the encoding: VEX (AVX2) for 256 bits, EVEX (AVX-512) for 512. */
export type VectorRegister = Register<"vector", 256 | 512>;
export type MaskRegister = Register<"mask", 16>;
export type TileRegister = Register<"tile", 8192>;

// deno-fmt-ignore
const NAMES = [
  "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
] as const;
/** The general registers. */
export const registers = Object.fromEntries(
  NAMES.map((name, number) => [name, { kind: "general", number, bits: 64 }]),
) as { readonly [Name in typeof NAMES[number]]: GeneralRegister };

/** The lower 32 bits of a register; writing them clears the upper ones. */
export const dword = (register: GeneralRegister): GeneralRegister => ({ ...register, bits: 32 });

export const vector = (bits: 256 | 512, number: number): VectorRegister => ({ kind: "vector", number, bits });
export const ymm = (number: number): VectorRegister => vector(256, number);
export const zmm = (number: number): VectorRegister => vector(512, number);
export const k = (number: number): MaskRegister => ({ kind: "mask", number, bits: 16 });
export const tmm = (number: number): TileRegister => ({ kind: "tile", number, bits: 8192 });

/** An operand in memory: `base + index·scale + disp`. */
export interface Address {
  readonly kind?: undefined;
  readonly base: GeneralRegister;
  /** Any register except `RSP`. */
  readonly index?: GeneralRegister;
  readonly scale?: 1 | 2 | 4 | 8;
  readonly disp?: number;
}

/** A position in the code. */
export interface Label {
  readonly kind: "label";
  at: number | undefined;
  /** 32-bit distances to be filled in once it is bound, and the position that each is relative to. */
  readonly open: { readonly hole: number; readonly from: number }[];
}

/** The lanes that an AVX-512 instruction writes (k1 to k7); the others keep their value, or become 0 with `zero`. */
export interface Masking {
  readonly mask: MaskRegister;
  readonly zero?: boolean;
}

/** Opcode map (1: 0F, 2: 0F38, 3: 0F3A), mandatory prefix (1: 66, 2: F3, 3: F2), opcode. */
type Encoding = readonly [map: number, prefix: number, opcode: number];

/** Instructions with two sources, of which the second may be in memory. */
const THREE_OPERANDS = {
  vaddps: [1, 0, 0x58],
  vsubps: [1, 0, 0x5c],
  vmulps: [1, 0, 0x59],
  vdivps: [1, 0, 0x5e],
  vminps: [1, 0, 0x5d],
  vmaxps: [1, 0, 0x5f],
  vunpcklps: [1, 0, 0x14],
  vunpckhps: [1, 0, 0x15],
  vpaddd: [1, 1, 0xfe],
  vpsubd: [1, 1, 0xfa],
  vpmaxud: [2, 1, 0x3f],
  vfmadd213ps: [2, 1, 0xa8],
  vfmadd231ps: [2, 1, 0xb8],
  vfnmadd231ps: [2, 1, 0xbc],
  /** AVX2 only; AVX-512 has `vpxord`. */
  vpxor: [1, 1, 0xef],
  vpxord: [1, 1, 0xef],
  /** AVX2 only; AVX-512 has `vpandd`. */
  vpand: [1, 1, 0xdb],
  vpandd: [1, 1, 0xdb],
  vpord: [1, 1, 0xeb],
  /** The lanes of the last operand that the first source selects; of its low bits, four with AVX-512. */
  vpermps: [2, 1, 0x16],
} as const satisfies Record<string, Encoding>;

/** Instructions that widen what is in memory: the encoding, and the part of the vector that is read. */
const WIDENING = {
  vpmovsxbd: { encoding: [2, 1, 0x21], part: 4 },
  vpmovzxwd: { encoding: [2, 1, 0x33], part: 2 },
  /** Needs F16C with AVX2. */
  vcvtph2ps: { encoding: [2, 1, 0x13], part: 2 },
} as const satisfies Record<string, { readonly encoding: Encoding; readonly part: number }>;

/** The same with a byte that selects lanes. */
const SHUFFLES = {
  vshufps: [1, 0, 0xc6],
  vperm2f128: [3, 1, 0x06],
  vshuff32x4: [3, 1, 0x23],
} as const satisfies Record<string, Encoding>;

/** Shifts of 32-bit integers by a constant (opcode 72): the digit in ModRM's `reg` field. */
const SHIFTS = { vpslld: 6, vpsrad: 4, vpsrld: 2 } as const;

/** Arithmetic on general registers: the digit of its opcodes. */
const ARITHMETIC = { add: 0, or: 1, and: 4, xor: 6, cmp: 7 } as const;

/** Conditional jumps: the number of the condition. */
const JUMPS = { jb: 2, je: 4, jne: 5, js: 8, jns: 9 } as const;

/** Instructions without operands. */
const PLAIN = {
  ret: [0xc3],
  cpuid: [0x0f, 0xa2],
  xgetbv: [0x0f, 0x01, 0xd0],
  syscall: [0x0f, 0x05],
  vzeroupper: [0xc5, 0xf8, 0x77],
  tilerelease: [0xc4, 0xe2, 0x78, 0x49, 0xc0],
} as const;

/** Methods by the keys of a table, made from its values. */
function each<Names extends object, Method>(names: Names, method: (value: Names[keyof Names]) => Method) {
  const entries = Object.entries(names).map(([name, value]) => [name, method(value)]);
  return Object.fromEntries(entries) as { readonly [Name in keyof Names]: Method };
}

/** An operand in ModRM's `rm` field. */
type Operand = GeneralRegister | VectorRegister | MaskRegister | TileRegister | Address;

export type Assembler = ReturnType<typeof assembler>;

export function assembler() {
  const bytes: number[] = [];
  const emit = (...more: readonly number[]) => void bytes.push(...more);
  const int32 = (value: number) => emit(value & 255, value >> 8 & 255, value >> 16 & 255, value >> 24 & 255);

  function distance(label: Label, from: number): void {
    if (label.at === undefined) label.open.push({ hole: bytes.length, from });
    int32((label.at ?? from) - from);
  }

  /** ModRM, SIB and displacement; a one-byte displacement is in units of `unit` bytes. */
  function modRM(register: number, operand: Operand, unit = 1): void {
    const reg = (register & 7) << 3;
    if (operand.kind !== undefined) return emit(0xc0 | reg | operand.number & 7);
    const { index, scale = 1, disp = 0 } = operand;
    const base = operand.base.number & 7;
    const small = disp % unit === 0 && Math.abs(disp / unit) < 128;
    const mode = disp === 0 && base !== registers.rbp.number ? 0 : small ? 1 : 2;
    if (index === undefined && base !== registers.rsp.number) emit(mode << 6 | reg | base);
    else emit(mode << 6 | reg | 4, Math.log2(scale) << 6 | (index === undefined ? 4 : index.number & 7) << 3 | base);
    if (mode === 1) emit(disp / unit & 255);
    if (mode === 2) int32(disp);
  }

  const bit = (value: number, at: number) => value >> at & 1;
  const baseOf = (operand: Operand) => operand.kind === undefined ? operand.base.number : operand.number;
  const indexOf = (operand: Operand) => operand.kind === undefined ? operand.index?.number ?? 0 : 0;

  /** An instruction on general registers, always with a REX prefix, even where it needs none. */
  function rex(bits: 32 | 64, opcode: readonly number[], register: number, operand: Operand): void {
    const wide = bits === 64 ? 8 : 0;
    emit(0x40 | wide | bit(register, 3) << 2 | bit(indexOf(operand), 3) << 1 | bit(baseOf(operand), 3), ...opcode);
    modRM(register, operand);
  }

  function vex([map, prefix, opcode]: Encoding, long: boolean, target: number, source: number, operand: Operand): void {
    emit(
      0xc4,
      (1 - bit(target, 3)) << 7 | (1 - bit(indexOf(operand), 3)) << 6 | (1 - bit(baseOf(operand), 3)) << 5 | map,
      (~source & 15) << 3 | Number(long) << 2 | prefix,
      opcode,
    );
    modRM(target, operand);
  }

  /** @param unit size in bytes of an operand in memory */
  function evex(
    [map, prefix, opcode]: Encoding,
    target: number,
    source: number,
    operand: Operand,
    masking: Masking | undefined,
    unit = 64,
  ): void {
    // The fifth bit of a vector register is where an address has the fourth bit of its index.
    const x = operand.kind === undefined ? bit(indexOf(operand), 3) : bit(operand.number, 4);
    emit(
      0x62,
      (1 - bit(target, 3)) << 7 | (1 - x) << 6 | (1 - bit(baseOf(operand), 3)) << 5 | (1 - bit(target, 4)) << 4 | map,
      (~source & 15) << 3 | 4 | prefix,
      Number(masking?.zero ?? false) << 7 | 2 << 5 | (1 - bit(source, 4)) << 3 | (masking?.mask.number ?? 0),
      opcode,
    );
    modRM(target, operand, unit);
  }

  /** An instruction on vectors of `bits` bits. */
  function vectors(
    bits: 256 | 512,
    encoding: Encoding,
    target: number,
    source: number,
    operand: Operand,
    masking?: Masking,
  ): void {
    if (bits === 512) evex(encoding, target, source, operand, masking);
    else vex(encoding, true, target, source, operand);
  }

  const inMemory = () => new Error("At most one operand can be in memory");

  return {
    bytes,
    label: (): Label => ({ kind: "label", at: undefined, open: [] }),
    bind(label: Label): void {
      label.at = bytes.length;
      for (const { hole, from } of label.open) {
        const value = label.at - from;
        for (let i = 0; i < 4; i++) bytes[hole + i] = value >> 8 * i & 255;
      }
    },
    /** Pads the code to a multiple of `unit` bytes with breakpoints. */
    align(unit: number): void {
      while (bytes.length % unit !== 0) emit(0xcc);
    },
    /** Data. */
    db: emit,
    /** A label's distance from a position in the code, as 32-bit data. */
    dd: distance,

    /** Constants are sign-extended 32-bit numbers. At most one operand is in memory; it has 64 bits there. */
    ...each(
      ARITHMETIC,
      (digit) => (target: GeneralRegister | Address, source: GeneralRegister | Address | number): void => {
        if (typeof source === "number") {
          rex(target.kind === undefined ? 64 : target.bits, [0x81], digit, target);
          int32(source);
        } else if (target.kind !== undefined) rex(target.bits, [digit << 3 | 3], target.number, source);
        else if (source.kind !== undefined) rex(source.bits, [digit << 3 | 1], source.number, target);
        else throw inMemory();
      },
    ),
    mov(target: GeneralRegister | Address, source: GeneralRegister | Address | number): void {
      if (typeof source === "number") {
        rex(target.kind === undefined ? 64 : target.bits, [0xc7], 0, target);
        int32(source);
      } else if (target.kind !== undefined) rex(target.bits, [0x8b], target.number, source);
      else if (source.kind !== undefined) rex(source.bits, [0x89], source.number, target);
      else throw inMemory();
    },
    movsxd: ({ number }: GeneralRegister, source: Address): void => rex(64, [0x63], number, source),
    lea({ number }: GeneralRegister, source: Address | Label): void {
      if (source.kind === undefined) return rex(64, [0x8d], number, source);
      emit(0x48 | bit(number, 3) << 2, 0x8d, (number & 7) << 3 | 5); // relative to the next instruction
      distance(source, bytes.length + 4);
    },
    push: ({ number }: GeneralRegister): void => emit(...(number > 7 ? [0x41] : []), 0x50 | number & 7),
    pop: ({ number }: GeneralRegister): void => emit(...(number > 7 ? [0x41] : []), 0x58 | number & 7),
    jmp(to: Label | GeneralRegister): void {
      if (to.kind === "general") return rex(32, [0xff], 4, to);
      emit(0xe9);
      distance(to, bytes.length + 4);
    },
    ...each(JUMPS, (condition) => (to: Label): void => {
      emit(0x0f, 0x80 | condition);
      distance(to, bytes.length + 4);
    }),
    ...each(PLAIN, (code) => (): void => emit(...code)),
    prefetcht0: (address: Address): void => rex(32, [0x0f, 0x18], 1, address),
    /** Prefetches a cache line to the second-level cache. */
    prefetcht1: (address: Address): void => rex(32, [0x0f, 0x18], 2, address),
    /** Prefetches a cache line for writing. */
    prefetchw: (address: Address): void => rex(32, [0x0f, 0x0d], 1, address),

    ...each(
      THREE_OPERANDS,
      (code) => (target: VectorRegister, a: VectorRegister, b: VectorRegister | Address, masking?: Masking): void =>
        vectors(target.bits, code, target.number, a.number, b, masking),
    ),
    ...each(
      SHUFFLES,
      (code) => (target: VectorRegister, a: VectorRegister, b: VectorRegister | Address, byte: number): void => {
        vectors(target.bits, code, target.number, a.number, b);
        emit(byte);
      },
    ),
    ...each(WIDENING, ({ encoding, part }) => ({ bits, number }: VectorRegister, source: Address): void => {
      if (bits === 512) evex(encoding, number, 0, source, undefined, 64 / part);
      else vex(encoding, true, number, 0, source);
    }),
    vcvtdq2ps: ({ bits, number }: VectorRegister, source: VectorRegister): void =>
      vectors(bits, [1, 0, 0x5b], number, 0, source),
    // The target takes the field of other instructions' first source.
    ...each(SHIFTS, (digit) => (target: VectorRegister, source: VectorRegister, bits: number): void => {
      vectors(target.bits, [1, 1, 0x72], digit, target.number, source);
      emit(bits);
    }),
    vmovups(target: VectorRegister | Address, source: VectorRegister | Address, masking?: Masking): void {
      if (target.kind !== undefined) vectors(target.bits, [1, 0, 0x10], target.number, 0, source, masking);
      else if (source.kind !== undefined) vectors(source.bits, [1, 0, 0x11], source.number, 0, target, masking);
      else throw inMemory();
    },
    vmaskmovps(target: VectorRegister | Address, mask: VectorRegister, source: VectorRegister | Address): void {
      if (target.kind !== undefined) vex([2, 1, 0x2c], true, target.number, mask.number, source);
      else if (source.kind !== undefined) vex([2, 1, 0x2e], true, source.number, mask.number, target);
      else throw inMemory();
    },
    vbroadcastss({ bits, number }: VectorRegister, source: Address): void {
      if (bits === 512) evex([2, 1, 0x18], number, 0, source, undefined, 4);
      else vex([2, 1, 0x18], true, number, 0, source);
    },
    kmovw: ({ number }: MaskRegister, source: Address): void => vex([1, 0, 0x90], false, number, 0, source),
    kxnorw: (target: MaskRegister, a: MaskRegister, b: MaskRegister): void =>
      vex([1, 0, 0x46], true, target.number, a.number, b),

    ldtilecfg: (source: Address): void => vex([2, 0, 0x49], false, 0, 0, source),
    /** The index register of the address holds the row stride. */
    tileloadd: ({ number }: TileRegister, source: Address): void => vex([2, 3, 0x4b], false, number, 0, source),
    tilestored: (target: Address, { number }: TileRegister): void => vex([2, 2, 0x4b], false, number, 0, target),
    tilezero: ({ number }: TileRegister): void => vex([2, 3, 0x49], false, number, 0, tmm(0)),
    // The sources are in each other's fields, compared with other instructions.
    tdpbf16ps: (target: TileRegister, a: TileRegister, b: TileRegister): void =>
      vex([2, 2, 0x5c], false, target.number, b.number, a),
  };
}

/** Addresses of a call's arguments, whose record is at `base`. */
export function argumentsAt<Name extends string>(base: GeneralRegister, offsets: { readonly [N in Name]: number }) {
  return (name: Name, more = 0): Address => ({ base, disp: offsets[name] + more });
}

/** Emits a label here. */
export function here(asm: Assembler): Label {
  const label = asm.label();
  asm.bind(label);
  return label;
}

/** Emits a loop that ends when `left`, less `step` after each turn, is 0. */
export function emitLoop(asm: Assembler, left: GeneralRegister, body: () => void, step = 1): void {
  const again = here(asm);
  body();
  asm.add(left, -step);
  asm.jne(again);
}

/** Emits that all bits of a vector become those of `a` and `b` that differ. */
export function emitXor(asm: Assembler, target: VectorRegister, a: VectorRegister, b: VectorRegister): void {
  if (target.bits === 512) asm.vpxord(target, a, b);
  else asm.vpxor(target, a, b);
}

/** Emits a function that saves registers, and clears the vectors' upper halves so that SSE code does not slow down. */
export function emitFunction(asm: Assembler, saved: readonly GeneralRegister[], body: () => void): void {
  saved.forEach(asm.push);
  body();
  saved.toReversed().forEach(asm.pop);
  asm.vzeroupper();
  asm.ret();
}
