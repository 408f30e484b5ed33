// Products by packed weights (../../../packed-format.ts). Few rows are multiplied in machine code that unpacks weights in
// registers; for many, and without machine code, panels are unpacked to scratch memory first. Either way an element of C
// adds its products in one order of k: the number of rows does not change a bit.
import {
  Format, K_RUN, PACKED_LANES, PACKED_PAIR, PACKED_ROW_BYTES, PackedArguments, PackedCall, packedKernel, PackedPart,
  PackedWeight, TILE_COLUMNS, TILE_ROWS, unitBytes, UNPACKED_PANELS, unitSteps,
} from "./generated/layout";
import { multiplyPanel } from "./generated/tiles";
import { madd } from "./math";
import { absolute, callNative, hasNative, nativeColumns, nativePackedRows } from "./native";
import { multiplyByPanels } from "./panels";
import { callArguments, scratch, threadProduct } from "./thread";
import { unpackUnits } from "./unpack";

/** Bytes of packed panels that are multiplied by one group of rows after another while they are in the cache. */
const KEPT_BYTES: usize = 1 << 18;
/** In WebAssembly, up to so many rows are multiplied one by one. */
const SINGLE_ROWS: i32 = 3;

/** Job: some panels of the weights of all models, which are numbered in order, for some rows. */
export function packedTask(args: PackedArguments, task: i32): void {
  const parts = args.parts, models = args.models, M = args.M, K = args.K, count = args.count;
  const first = task / parts * args.rowsPerTask;
  const part = changetype<PackedPart>(scratch() + args.part);
  let all = 0;
  for (let i = 0; i < count; i++) all += models * panelsOf(weightAt(args, i));
  let begin = <i32> (<i64> (task % parts) * all / parts);
  const end = <i32> (<i64> (task % parts + 1) * all / parts);
  part.M = min(args.rowsPerTask, M - first);
  part.K = K;
  let before = 0;
  for (let i = 0; i < count; i++) {
    const weight = weightAt(args, i), panels = panelsOf(weight);
    const bytes = <usize> unitsOf(weight.format, K) * unitBytes(weight.format);
    part.format = weight.format;
    part.panelBytes = bytes;
    part.ldc = <usize> weight.N << 2;
    for (let model = 0; model < models; model++) {
      if (begin < before + panels && begin < end) {
        const panel = begin - before, some = min(panels - panel, end - begin);
        const at = <usize> (model * M + first) * part.ldc + <usize> panel * PACKED_ROW_BYTES;
        part.N = min(some * PACKED_LANES, weight.N - panel * PACKED_LANES);
        part.x = args.x + (<usize> (model * M + first) * <usize> K << 2);
        part.panels = weight.panels + <usize> (model * panels + panel) * bytes;
        part.c = weight.c + at;
        part.addend = weight.addend == 0 ? 0 : weight.addend + at;
        multiply(part, scratch() + args.edge, scratch() + args.unpacked);
        begin += some;
      }
      before += panels;
    }
  }
}

@inline function weightAt(args: PackedArguments, i: i32): PackedWeight {
  return changetype<PackedWeight>(args.weights + <usize> i * offsetof<PackedWeight>());
}

@inline function panelsOf(weight: PackedWeight): i32 {
  return (weight.N + PACKED_LANES - 1) / PACKED_LANES;
}

function multiply(part: PackedPart, edge: usize, unpacked: usize): void {
  if (!hasNative()) multiplyInWasm(part, edge, unpacked);
  else if (part.M <= 2 * nativePackedRows()) multiplyFewRows(part, edge);
  else multiplyManyRows(part, unpacked);
}

/** Bytes from one row of x to the next. */
@inline function ldx(part: PackedPart): usize {
  return <usize> part.K << 2;
}

/** Bytes from the beginning of a panel to step k. */
@inline function toStep(format: i32, k: i32): usize {
  return <usize> (k / unitSteps(format)) * unitBytes(format);
}

/** Units of so many steps of k. */
@inline function unitsOf(format: i32, steps: i32): i32 {
  return (steps + unitSteps(format) - 1) / unitSteps(format);
}

/** By machine code: groups of rows, of about equal size, by panels that stay in the cache meanwhile. */
function multiplyFewRows(p: PackedPart, edge: usize): void {
  const M = p.M, most = nativePackedRows();
  const groups = (M + most - 1) / most, rows = (M + groups - 1) / groups;
  const whole = p.N / PACKED_LANES, rest = p.N % PACKED_LANES;
  const kept = groups == 1 ? max(1, whole) : max(2, <i32> (KEPT_BYTES / p.panelBytes) & ~1);
  for (let panel = 0; panel < whole; panel += kept) {
    const count = min(kept, whole - panel);
    const panels = p.panels + <usize> panel * p.panelBytes;
    for (let m = 0; m < M; m += rows) {
      const at = <usize> m * p.ldc + <usize> panel * PACKED_ROW_BYTES;
      callRows(p, panels, count, m, min(rows, M - m), p.c + at, p.ldc, p.addend == 0 ? 0 : p.addend + at);
    }
  }
  if (rest == 0) return;
  // The last panel's columns do not all exist.
  for (let m = 0; m < M; m += rows) {
    const some = min(rows, M - m);
    const at = <usize> m * p.ldc + <usize> whole * PACKED_ROW_BYTES;
    if (p.addend != 0) copyBlock(p.addend + at, p.ldc, edge, PACKED_ROW_BYTES, some, rest);
    callRows(p, p.panels + <usize> whole * p.panelBytes, 1, m, some, edge, PACKED_ROW_BYTES, p.addend == 0 ? 0 : edge);
    copyBlock(edge, PACKED_ROW_BYTES, p.c + at, p.ldc, some, rest);
  }
}

/** Multiplies rows from row `m` on by whole panels. */
function callRows(
  p: PackedPart, panels: usize, count: i32, m: i32, rows: i32, c: usize, ldc: usize, addend: usize,
): void {
  const call = callArguments<PackedCall>();
  const format = p.format;
  call.step = p.panelBytes;
  call.units = unitsOf(format, p.K);
  call.x = absolute(p.x + <usize> m * ldx(p));
  call.ldx = ldx(p);
  call.ldc = ldc;
  call.add = <u64> (addend != 0);
  call.addend = <i64> <u64> addend - <i64> <u64> c;
  const pairs = rows == 1 && nativeColumns() == PACKED_LANES ? count / 2 : 0;
  if (pairs > 0) callKernel(call, panels, pairs, c, packedKernel(format, PACKED_PAIR));
  const left = count - 2 * pairs;
  if (left == 0) return;
  callKernel(call, panels + <usize> (2 * pairs) * p.panelBytes, left, c + <usize> (2 * pairs) * PACKED_ROW_BYTES, packedKernel(format, rows));
}

function callKernel(call: PackedCall, panels: usize, count: i32, c: usize, kernel: i32): void {
  call.panels = absolute(panels);
  call.count = count;
  call.c = absolute(c);
  callNative(changetype<usize>(call), kernel);
}

/** By machine code: a few panels at a time are unpacked for the tile kernels, run by run of k. */
function multiplyManyRows(p: PackedPart, unpacked: usize): void {
  const format = p.format, N = p.N, K = p.K;
  const panels = (N + PACKED_LANES - 1) / PACKED_LANES;
  // Panels of float32 are what the tile kernels of AVX-512 take.
  const asTheyAre = format == Format.F32 && nativeColumns() == PACKED_LANES;
  for (let k = 0; k < K; k += K_RUN) {
    const steps = min(K_RUN, K - k);
    for (let panel = 0; panel < panels; panel += UNPACKED_PANELS) {
      const count = min(UNPACKED_PANELS, panels - panel);
      const from = p.panels + <usize> panel * p.panelBytes + toStep(format, k);
      const column = <usize> panel * PACKED_ROW_BYTES;
      if (!asTheyAre) {
        const call = callArguments<PackedCall>();
        call.step = p.panelBytes;
        call.units = unitsOf(format, steps);
        callKernel(call, from, count, unpacked, packedKernel(format, 0));
      }
      const product = threadProduct();
      product.M = p.M;
      product.N = min(N - panel * PACKED_LANES, count * PACKED_LANES);
      product.K = steps;
      product.alpha = 1;
      product.a = p.x + (<usize> k << 2);
      product.lda = ldx(p);
      product.transposeA = 0;
      product.panels = asTheyAre ? from : unpacked;
      product.panelStep = asTheyAre ? p.panelBytes : <usize> (steps * nativeColumns()) << 2;
      product.c = p.c + column;
      product.ldc = p.ldc;
      product.addend = k > 0 ? product.c : p.addend == 0 ? 0 : p.addend + column;
      multiplyByPanels(product, 0);
    }
  }
}

/** Without machine code: panel by panel and run by run of k, unpacked. The addend is C itself. */
function multiplyInWasm(p: PackedPart, edge: usize, unpacked: usize): void {
  const format = p.format, M = p.M, K = p.K;
  for (let n = 0; n < p.N; n += PACKED_LANES) {
    const columns = min(PACKED_LANES, p.N - n);
    const panel = p.panels + <usize> (n / PACKED_LANES) * p.panelBytes;
    for (let k = 0; k < K; k += K_RUN) {
      const steps = min(K_RUN, K - k);
      const add = k > 0 || p.addend != 0;
      let b = panel + toStep(format, k);
      if (format != Format.F32) {
        unpackUnits(format, b, unitsOf(format, steps), unpacked);
        b = unpacked;
      }
      const x = p.x + (<usize> k << 2), c = p.c + (<usize> n << 2);
      if (M <= SINGLE_ROWS) {
        for (let m = 0; m < M; m++) {
          multiplyRow(steps, x + <usize> m * ldx(p), b, edge);
          writeRow(edge, c + <usize> m * p.ldc, columns, add);
        }
        continue;
      }
      for (let j = 0; j < columns; j += TILE_COLUMNS) {
        const at = b + (<usize> j << 2), nr = min(TILE_COLUMNS, columns - j);
        for (let m = 0; m < M; m += TILE_ROWS) {
          const to = c + <usize> m * p.ldc + (<usize> j << 2);
          multiplyPanel(steps, x + <usize> m * ldx(p), ldx(p), at, to, p.ldc, min(TILE_ROWS, M - m), nr, add);
        }
      }
    }
  }
}

/** One row of x by the lanes of an unpacked panel, to `sums`. */
function multiplyRow(steps: i32, x: usize, b: usize, sums: usize): void {
  let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
  let s4 = f32x4.splat(0), s5 = f32x4.splat(0), s6 = f32x4.splat(0), s7 = f32x4.splat(0);
  for (let k = 0; k < steps; k++) {
    const f = v128.load32_splat(x);
    s0 = madd(f, v128.load(b), s0);
    s1 = madd(f, v128.load(b, 16), s1);
    s2 = madd(f, v128.load(b, 32), s2);
    s3 = madd(f, v128.load(b, 48), s3);
    s4 = madd(f, v128.load(b, 64), s4);
    s5 = madd(f, v128.load(b, 80), s5);
    s6 = madd(f, v128.load(b, 96), s6);
    s7 = madd(f, v128.load(b, 112), s7);
    x += 4;
    b += PACKED_ROW_BYTES;
  }
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
  v128.store(sums, s2, 32);
  v128.store(sums, s3, 48);
  v128.store(sums, s4, 64);
  v128.store(sums, s5, 80);
  v128.store(sums, s6, 96);
  v128.store(sums, s7, 112);
}

function writeRow(sums: usize, c: usize, columns: i32, add: bool): void {
  for (let i: usize = 0; i < <usize> columns << 2; i += 4) {
    const sum = load<f32>(sums + i);
    store<f32>(c + i, add ? load<f32>(c + i) + sum : sum);
  }
}

/** Copies the first columns of some rows. */
function copyBlock(from: usize, ldFrom: usize, to: usize, ldTo: usize, rows: i32, columns: i32): void {
  for (let i = 0; i < rows; i++) {
    memory.copy(to + <usize> i * ldTo, from + <usize> i * ldFrom, <usize> columns << 2);
  }
}
