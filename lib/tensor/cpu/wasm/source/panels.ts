// Products by machine code: packs B in panels, packs A if it is stored transposed, and computes tiles of C in an order
// that keeps their operands in the caches.
import {
  BLOCK_TILES, K_RUN, Native, PackCall, PackPanelsArguments, Panels, Product, tileKernel, TilesCall, VECTOR_BYTES,
} from "./generated/layout";
import { absolute, callNative, nativeColumns, nativeRows } from "./native";
import { packFromColumns } from "./pack";
import { callArguments, secondCallArguments } from "./thread";

/** Bytes of packed B that are reused for all of A: half of a usual second-level cache. */
const KEPT_BYTES: usize = 1 << 19;

/** Bytes from one packed panel of K rows to the next. */
@inline export function panelBytes(K: i32): usize {
  return <usize> (K * nativeColumns()) << 2;
}

/** Job: packs panels of B. */
export function packPanelsTask(args: PackPanelsArguments, task: i32): void {
  const panels = changetype<Panels>(args.table + <usize> task * offsetof<Panels>());
  packPanels(panels.b, panels.ldb, panels.transposed != 0, panels.K, panels.N, panels.to);
}

/**
 * Packs B `[K, N]` in panels, one after another; each panel holds row after row, with zeros past the edge.
 *
 * @param ld row stride of B as it is stored
 */
export function packPanels(b: usize, ld: usize, transposed: bool, K: i32, N: i32, to: usize): void {
  const wide = nativeColumns();
  for (let n = 0; n < N; n += wide) {
    const columns = min(wide, N - n);
    if (transposed) packTransposedPanel(b + <usize> n * ld, ld, K, columns, to);
    else {
      const call = secondCallArguments<PackCall>();
      setMask(call.mask, columns);
      pack(call, Native.packPanel, b + (<usize> n << 2), ld, to, <usize> wide << 2, K);
    }
    to += panelBytes(K);
  }
}

/** Packs one panel of B stored transposed. */
function packTransposedPanel(b: usize, ld: usize, K: i32, columns: i32, to: usize): void {
  const wide = nativeColumns(), step = <usize> wide << 2;
  const groups = K >= 8 ? columns / 8 : 0, whole = K & ~7;
  if (groups > 0) {
    const call = secondCallArguments<PackCall>();
    call.tiles = groups;
    pack(call, Native.transpose, b, ld, to, step, K / 8);
  }
  for (let j = 0; j < wide; j += 8) {
    const k = j < 8 * groups ? whole : 0;
    if (k == K) continue;
    const from = b + <usize> j * ld + (<usize> k << 2);
    packFromColumns(from, ld, K - k, max(0, min(8, columns - j)), to + (<usize> j << 2) + <usize> k * step, step);
  }
}

function pack(call: PackCall, kernel: i32, from: usize, ld: usize, to: usize, step: usize, count: i32): void {
  call.from = absolute(from);
  call.ld = ld;
  call.to = absolute(to);
  call.step = step;
  call.count = count;
  callNative(changetype<usize>(call), kernel);
}

/** Sets a mask of the first columns of a panel: one bit per column in panels of 32, one word in panels of 16. */
function setMask(mask: usize, columns: i32): void {
  if (nativeColumns() == 32) return setMaskBits(mask, columns);
  for (let j = 0; j < 16; j++) store<i32>(mask + (<usize> j << 2), j < columns ? -1 : 0);
}

/** Sets a mask of the first of 32 columns: 16 bits in each of two words. */
export function setMaskBits(mask: usize, columns: i32): void {
  const bits: u32 = columns >= 32 ? 0xffffffff : (1 << columns) - 1;
  store<u32>(mask, bits & 0xffff);
  store<u32>(mask, bits >> 16, 4);
}

/**
 * Computes a product with packed B. Packed B stays in the second-level cache while blocks of A stream past it. If A is
 * stored transposed, each block of it (`BLOCK_TILES` tiles of at most K_RUN steps) is packed to `aside`.
 */
export function multiplyByPanels(product: Product, aside: usize): void {
  const M = product.M, N = product.N, K = product.K, transposed = product.transposeA != 0;
  const a = product.a, lda = product.lda, c = product.c, ldc = product.ldc;
  const wide = nativeColumns(), block = BLOCK_TILES * nativeRows();
  const rowBytes = <usize> wide << 2;
  const panels = (N + wide - 1) / wide;
  const last = N - (panels - 1) * wide;
  const call = callArguments<TilesCall>();
  call.panelStep = product.panelStep;
  call.ldc = ldc;
  call.alpha = product.alpha;
  setMask(call.mask, last);
  for (let k = 0; k < K; k += K_RUN) {
    const kc = min(K_RUN, K - k);
    const group = max(1, <i32> (KEPT_BYTES / (<usize> kc * rowBytes)));
    call.k = kc;
    // Rows without gaps between them are prefetched tile by tile.
    call.ahead = lda == <usize> kc << 2 && !transposed ? 64 : 0;
    // The first run of k adds the addend, later ones add to C.
    call.add = <u64> (product.addend != 0 || k > 0);
    call.addend = k > 0 ? 0 : <i64> <u64> product.addend - <i64> <u64> c;
    for (let m = 0; m < M; m += block) {
      const height = min(block, M - m);
      const rows = rowsOfTiles(height);
      const whole = height / rows, rest = height % rows;
      let from = a + (transposed ? <usize> k * lda + (<usize> m << 2) : <usize> m * lda + (<usize> k << 2));
      let next = <usize> rows * lda;
      if (transposed) {
        next = (<usize> (rows * kc) << 2) + VECTOR_BYTES;
        packTiles(from, lda, kc, rows, whole, aside, next);
        const below = from + (<usize> (whole * rows) << 2);
        if (rest > 0) packTiles(below, lda, kc, rest, 1, aside + <usize> whole * next, next);
        from = aside;
      }
      for (let p = 0; p < panels; p += group) {
        const n = min(group, panels - p);
        call.panels = absolute(product.panels + <usize> p * product.panelStep + <usize> k * rowBytes);
        call.panelCount = n;
        call.partial = <u64> (p + n == panels && last < wide);
        const to = c + <usize> m * ldc + <usize> p * rowBytes;
        call.tiles = whole;
        call.tileStepA = next;
        runTiles(call, from, transposed ? <usize> rows << 2 : lda, to, rows, transposed);
        if (rest == 0) continue;
        call.tiles = 1;
        const below = to + <usize> (whole * rows) * ldc;
        runTiles(call, from + <usize> whole * next, transposed ? <usize> rest << 2 : lda, below, rest, transposed);
      }
    }
  }
}

/** Rows per tile, so that `height` rows are cut into tiles of about equal size. */
function rowsOfTiles(height: i32): i32 {
  const count = (height + nativeRows() - 1) / nativeRows();
  return (height + count - 1) / count;
}

/**
 * Packs a block of A stored transposed, tile after tile; in a tile, the elements of each k are contiguous.
 *
 * @param next bytes from one tile to the next
 */
function packTiles(a: usize, ld: usize, kc: i32, rows: i32, count: i32, to: usize, next: usize): void {
  const call = secondCallArguments<PackCall>();
  setMask(call.mask, rows);
  call.tiles = count;
  call.tileBytes = next;
  pack(call, Native.packTiles, a, ld, to, <usize> rows << 2, kc);
}

function runTiles(call: TilesCall, a: usize, lda: usize, c: usize, rows: i32, transposed: bool): void {
  call.a = absolute(a);
  call.lda = lda;
  call.c = absolute(c);
  call.tileStepC = <u64> rows * call.ldc;
  callNative(changetype<usize>(call), tileKernel(rows, transposed));
}
