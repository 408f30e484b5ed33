// Products of few rows by packed weights (../../packed-format.ts), for AVX2 and AVX-512: the lanes of a panel are
// multiplied by one element of x at a time, so that each element of C adds its products in the order of k, as the tile
// kernels do: K_RUN products in a register, then the sum to C. The number of rows cannot change a bit.
import { K_RUN, PACKED_BLOCK, PACKED_LANES } from "../layout/constants.ts";
import { PACKED_CALL, type PackedTask, type TileShape } from "../layout/native.ts";
import { PACKED_UNITS, type PackedFormat } from "../../packed-format.ts";
import {
  type Address,
  argumentsAt,
  type Assembler,
  emitFunction,
  emitLoop,
  emitXor,
  type GeneralRegister,
  here,
  type Label,
  registers,
  vector,
  type VectorRegister,
} from "./assembler.ts";

/** Steps of k per iteration; a word of Q4 has as many. */
const UNROLL = 8;
/** Bytes of the constants: 0 to 15 as floats, and 16 words of 15. */
const TABLE_BYTES = 64;

/** The current panel, and the bytes to the next one; the weights for the current k. */
const { r11: PANEL, r12: PANEL_STEP, rbx: W } = registers;
/** x at the current k, and its row stride times one, three, five and seven. */
const { rax: X, rdx: LDX, r8: LDX_3, r9: LDX_5, r10: LDX_7 } = registers;
/** Where a panel is read in several passes: the weights and x at the beginning of a run of k. Groups have few rows then. */
const { r9: W_RUN, r10: X_RUN } = registers;
/** The panel's part of C, or where unpacked numbers go. */
const { r13: C } = registers;
const { r14: PANELS_LEFT, r15: UNITS_LEFT, rcx: STEPS_LEFT, rsi: WORDS_LEFT } = registers;
/** While sums are written: the current row of C, and the addend's distance from it. */
const { rbp: C_ROW, rcx: ADDEND, rcx: TEMPORARY } = registers;
const { rdi: ARGUMENTS } = registers;
/** Registers that a function must leave as they were. */
const { rbx, rbp, r12, r13, r14, r15 } = registers;

const argument = argumentsAt(ARGUMENTS, PACKED_CALL.offsets);

/** Emits the constants. */
export function emitPackedConstants(asm: Assembler): Label {
  asm.align(64);
  const label = here(asm);
  asm.db(...new Uint8Array(Float32Array.from({ length: 16 }, (_, i) => i).buffer));
  for (let lane = 0; lane < 16; lane++) asm.db(15, 0, 0, 0);
  return label;
}

/** One vector of lanes: of which panel, which lanes, and its registers. */
interface Lanes {
  readonly panel: 0 | 1;
  readonly first: number;
  readonly sums: readonly VectorRegister[];
  readonly scale: VectorRegister;
  readonly minimum: VectorRegister;
  readonly word: VectorRegister;
}

/** Emits the function for a format. */
export function emitPacked(
  asm: Assembler,
  { width, columns, packedRowsAtOnce: rowsAtOnce }: TileShape,
  format: PackedFormat,
  task: PackedTask,
  constants: Label,
): void {
  const vectorBytes = width / 8;
  const rows = task === "unpack" ? 0 : task === "pair" ? 1 : task;
  const panels = task === "pair" ? 2 : 1;
  const { steps, bytes, scales } = PACKED_UNITS[format];
  const isBlock = steps > 1;
  /** Bytes of the numbers for one k; a word of Q4 has those for several. */
  const stepBytes = (bytes - scales) / steps;

  let used = 0;
  const next = () => vector(width, used++);
  const constant = next();
  const weights = [next(), next()];
  const factor = next();
  // A panel is two slices of AVX2's two vectors: with one row at once, otherwise one after another. Rows whose sums have no
  // registers together are groups, which multiply a slice one after another while it is in the first-level cache.
  const slices = PACKED_LANES / columns;
  const atOnce = task === 1 ? slices : 1;
  const groups = groupsOf(rows, rowsAtOnce);
  const passes = Array.from(
    { length: slices / atOnce },
    (_, i) => groups.map((group) => ({ slice: i * columns, group })),
  )
    .flat();
  // Where more is computed than memory is waited for, processors do not look far enough ahead by themselves. So the passes
  // over a run prefetch what is a run's length ahead, each its share of the lines. One row by plain numbers gains nothing.
  const prefetches = rows > 1 || (rows === 1 && isBlock && panels === 1);
  const lanes: Lanes[] = [];
  for (let panel = 0; panel < panels; panel++) {
    for (let i = 0; i < 2 * atOnce; i++) {
      const sums = Array.from({ length: Math.max(...groups.map(({ count }) => count)) }, next);
      const scale = isBlock ? next() : constant;
      const minimum = format === "Q4" ? next() : constant;
      // AVX-512 has registers for words of several k; AVX2 loads them each time.
      const word = format === "Q4" && width === 512 ? next() : constant;
      lanes.push({ panel: panel as 0 | 1, first: i * vectorBytes / 4, sums, scale, minimum, word });
    }
  }
  if (used > (width === 512 ? 32 : 16)) throw new Error(`${format} with ${rows} rows needs ${used} registers`);

  emitFunction(asm, [rbx, rbp, r12, r13, r14, r15], () => {
    if (format === "Q4") {
      asm.lea(TEMPORARY, constants);
      asm.vmovups(constant, { base: TEMPORARY, disp: width === 512 ? 0 : TABLE_BYTES });
    }
    asm.mov(PANEL, argument("panels"));
    asm.mov(PANEL_STEP, argument("step"));
    asm.mov(PANELS_LEFT, argument("count"));
    asm.mov(C, argument("c"));
    if (rows > 1) {
      asm.mov(LDX, argument("ldx"));
      asm.lea(LDX_3, { base: LDX, index: LDX, scale: 2 });
      if (passes.length === 1) {
        asm.lea(LDX_5, { base: LDX, index: LDX, scale: 4 });
        asm.lea(LDX_7, { base: LDX_3, index: LDX, scale: 4 });
      }
    }
    emitLoop(asm, PANELS_LEFT, () => {
      multiplyPanel();
      if (rows > 0) asm.add(C, 4 * PACKED_LANES * panels);
      for (let i = 0; i < panels; i++) asm.add(PANEL, PANEL_STEP);
    });
  });

  /** All of K, run by run. */
  function multiplyPanel(): void {
    asm.mov(W, PANEL);
    asm.mov(UNITS_LEFT, argument("units"));
    if (rows > 0) {
      asm.mov(X, argument("x"));
      asm.mov(TEMPORARY, argument("add"));
      asm.mov(argument("adding"), TEMPORARY);
      asm.mov(TEMPORARY, argument("addend"));
      asm.mov(argument("distance"), TEMPORARY);
    }
    const run = here(asm), done = asm.label();
    if (passes.length > 1) {
      asm.mov(W_RUN, W);
      if (rows > 0) asm.mov(X_RUN, X);
    }
    passes.forEach(({ slice, group }, i) => {
      if (i > 0) asm.mov(W, W_RUN);
      if (passes.length > 1 && rows > 0) asm.lea(X, elementOfX(X_RUN, group.first, 0));
      multiplyRun(i, slice, group);
    });
    if (rows > 0) {
      asm.mov(argument("adding"), 1);
      asm.mov(argument("distance"), 0);
    }
    asm.add(UNITS_LEFT, -K_RUN / steps);
    asm.je(done);
    asm.jns(run);
    asm.bind(done);
  }

  /** A run of k: the rows of a group by the lanes of a slice. */
  function multiplyRun(pass: number, slice: number, group: Rows): void {
    const whole = asm.label();
    asm.mov(STEPS_LEFT, UNITS_LEFT);
    asm.cmp(STEPS_LEFT, K_RUN / steps);
    asm.jb(whole);
    asm.mov(STEPS_LEFT, K_RUN / steps);
    asm.bind(whole);
    for (const sum of lanes.flatMap(({ sums }) => sums.slice(0, group.count))) emitXor(asm, sum, sum, sum);
    if (isBlock) {
      emitLoop(asm, STEPS_LEFT, () => {
        loadScales(slice);
        asm.add(W, scales);
        asm.mov(WORDS_LEFT, PACKED_BLOCK / UNROLL);
        emitLoop(asm, WORDS_LEFT, () => multiply(pass, slice, group, UNROLL));
      });
    } else {
      const single = asm.label(), none = asm.label();
      asm.add(STEPS_LEFT, -UNROLL);
      asm.js(single);
      const unrolled = here(asm);
      multiply(pass, slice, group, UNROLL);
      asm.add(STEPS_LEFT, -UNROLL);
      asm.jns(unrolled);
      asm.bind(single);
      asm.add(STEPS_LEFT, UNROLL);
      asm.je(none);
      emitLoop(asm, STEPS_LEFT, () => multiply(pass, slice, group, 1));
      asm.bind(none);
    }
    if (rows > 0) store(slice, group);
  }

  /** An address in a panel; the second one is PANEL_STEP from the first. */
  function inPanel(panel: 0 | 1, disp: number): Address {
    return panel === 0 ? { base: W, disp } : { base: W, index: PANEL_STEP, scale: 1, disp };
  }

  function loadScales(slice: number): void {
    for (const { panel, first, scale, minimum } of lanes) {
      const at = 2 * (slice + first);
      asm.vcvtph2ps(scale, inPanel(panel, at));
      if (format === "Q4") asm.vcvtph2ps(minimum, inPanel(panel, at + 2 * PACKED_LANES));
    }
  }

  /** `count` steps of k, and on to the next. */
  function multiply(pass: number, slice: number, group: Rows, count: number): void {
    if (prefetches && count === UNROLL) {
      const lines = UNROLL * stepBytes / 64;
      for (let line = pass; line < lines; line += passes.length) {
        asm.prefetcht1({ base: W, disp: K_RUN / steps * bytes + 64 * line });
      }
    }
    for (let step = 0; step < count; step++) {
      for (let i = 0; i < lanes.length; i += 2) {
        const pair = [lanes[i]!, lanes[i + 1]!];
        pair.forEach((one, j) => decode(one, weights[j]!, slice, step));
        if (rows === 0) {
          pair.forEach((_, j) => {
            asm.vmovups({ base: C, disp: 2 * vectorBytes * step + vectorBytes * j }, weights[j]!);
          });
        }
        for (let row = 0; row < group.count; row++) {
          // The pairs of lanes of one row share the element of x.
          if (rows > 1 || i === 0) asm.vbroadcastss(factor, elementOfX(X, row, step));
          pair.forEach(({ sums }, j) => asm.vfmadd231ps(sums[row]!, factor, weights[j]!));
        }
      }
    }
    asm.add(W, stepBytes * count);
    asm.add(rows === 0 ? C : X, (rows === 0 ? 2 * vectorBytes : 4) * count);
  }

  /** Loads a vector of weights as float32. */
  function decode({ panel, first, scale, minimum, word }: Lanes, to: VectorRegister, slice: number, step: number) {
    const lane = slice + first;
    const at = (bits: number, step: number) => inPanel(panel, stepBytes * step + lane * bits / 8);
    switch (format) {
      case "F32":
        return asm.vmovups(to, at(32, step));
      case "F16":
        return asm.vcvtph2ps(to, at(16, step));
      case "BF16":
        asm.vpmovzxwd(to, at(16, step));
        return asm.vpslld(to, to, 16);
      case "Q8_0":
        asm.vpmovsxbd(to, at(8, step));
        asm.vcvtdq2ps(to, to);
        return asm.vmulps(to, to, scale); // exact: 11 and 7 bits
      case "Q4":
        if (width === 512) {
          if (step === 0) asm.vmovups(word, at(32, 0));
          else asm.vpsrld(to, word, 4 * step);
          asm.vpermps(to, step === 0 ? word : to, constant); // looks only at the low four bits
        } else {
          asm.vmovups(to, at(32, 0));
          if (step > 0) asm.vpsrld(to, to, 4 * step);
          asm.vpand(to, to, constant);
          asm.vcvtdq2ps(to, to);
        }
        return asm.vfmadd213ps(to, scale, minimum);
    }
  }

  /** The element of a row, counted from the one that `base` points to. */
  function elementOfX(base: GeneralRegister, row: number, step: number): Address {
    const multiples = [undefined, [LDX, 1], [LDX, 2], [LDX_3, 1], [LDX, 4], [LDX_5, 1], [LDX_3, 2], [
      LDX_7,
      1,
    ]] as const;
    const multiple = multiples[row];
    const disp = 4 * step;
    return multiple === undefined ? { base, disp } : { base, index: multiple[0], scale: multiple[1], disp };
  }

  /** Writes the sums of a run of k to C, or adds them: the first run's to the addend, the others' to C. */
  function store(slice: number, group: Rows): void {
    const fresh = asm.label(), done = asm.label();
    asm.mov(C_ROW, C);
    for (let row = 0; row < group.first; row++) asm.add(C_ROW, argument("ldc"));
    asm.cmp(argument("adding"), 0);
    asm.je(fresh);
    asm.mov(ADDEND, argument("distance"));
    write(slice, group, true);
    asm.jmp(done);
    asm.bind(fresh);
    write(slice, group, false);
    asm.bind(done);
  }

  function write(slice: number, { count }: Rows, add: boolean): void {
    for (let row = 0; row < count; row++) {
      for (const { panel, first, sums } of lanes) {
        const disp = 4 * (PACKED_LANES * panel + slice + first);
        if (add) asm.vaddps(sums[row]!, sums[row]!, { base: C_ROW, index: ADDEND, scale: 1, disp });
        asm.vmovups({ base: C_ROW, disp }, sums[row]!);
      }
      if (row + 1 < count) asm.add(C_ROW, argument("ldc"));
    }
  }
}

/** Rows that are multiplied together. */
interface Rows {
  readonly first: number;
  readonly count: number;
}

/** Cuts rows into groups of about equal size, the first rows last: x is then where the next run of k begins. */
function groupsOf(rows: number, most: number): readonly Rows[] {
  const count = Math.max(1, Math.ceil(rows / most));
  const begin = (group: number) => Math.ceil(group * rows / count);
  return Array.from({ length: count }, (_, i) => ({ first: begin(i), count: begin(i + 1) - begin(i) })).reverse();
}
