// Products by machine code: packs B in panels, packs A if it is stored transposed, and computes tiles of C in an order
// that keeps their operands in the caches.
import {
  BLOCK_TILES, K_RUN, KEPT_BYTES, Native, PackCall, PACKED_STEPS, PackPanelsArguments, Panels, Product, tileKernel,
  TilesCall, VECTOR_BYTES,
} from "./generated/layout";
import { absolute, callNative, nativeColumns, nativeRows } from "./native";
import { packFromColumns } from "./pack";
import { callArguments, secondCallArguments } from "./thread";

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
 * Computes a product with packed B, or packs B to `packed`, a group of panels at a time. A group stays in the
 * second-level cache while blocks of A stream past it, and so does the block of C while all runs of k are added to it.
 * If A is stored transposed, each block of it (`BLOCK_TILES` tiles of at most K_RUN steps) is packed to `aside`, once
 * for all panels; with 0, A is read in place, for one of few steps that is in a cache. B must be packed then.
 */
export function multiplyByPanels(product: Product, aside: usize, packed: usize = 0): void {
  const call = callArguments<TilesCall>();
  call.ldc = product.ldc;
  call.alpha = product.alpha;
  if (product.transposeA != 0) multiplyTransposed(product, call, aside);
  else multiplyInPlace(product, call, packed);
}

/** Number of panels, of `steps` steps each, that stay in the second-level cache. */
@inline function panelsOfGroup(steps: i32): i32 {
  return max(1, <i32> (KEPT_BYTES / panelBytes(steps)));
}

@inline function panelsOf(columns: i32): i32 {
  return (columns + nativeColumns() - 1) / nativeColumns();
}

/** A is read in place. */
function multiplyInPlace(product: Product, call: TilesCall, packed: usize): void {
  const N = product.N, K = product.K, panels = panelsOf(N), rowBytes = <usize> nativeColumns() << 2;
  const steps = min(K, PACKED_STEPS), group = panelsOfGroup(steps), block = BLOCK_TILES * nativeRows();
  for (let p = 0; p < panels; p += group) {
    const count = min(group, panels - p), n = p * nativeColumns();
    for (let begin = 0; begin < K; begin += steps) {
      const end = min(K, begin + steps);
      let from = product.panels + <usize> p * product.panelStep + <usize> begin * rowBytes;
      call.panelStep = product.panelStep;
      if (product.panels == 0) {
        const ldb = product.ldb, transposed = product.transposeB != 0;
        const place = transposed ? <usize> n * ldb + (<usize> begin << 2) : <usize> begin * ldb + (<usize> n << 2);
        packPanels(product.b + place, ldb, transposed, end - begin, min(N - n, count * nativeColumns()), packed);
        from = packed;
        call.panelStep = panelBytes(end - begin);
      }
      for (let m = 0; m < product.M; m += block) {
        const height = min(block, product.M - m);
        for (let k = begin; k < end; k += K_RUN) {
          call.panels = absolute(from + <usize> (k - begin) * rowBytes);
          multiplyBlock(product, call, m, height, k, min(K_RUN, end - k), p, count, 0);
        }
      }
    }
  }
}

/** A is stored transposed, and packed here unless `aside` is 0. */
function multiplyTransposed(product: Product, call: TilesCall, aside: usize): void {
  const K = product.K, panels = panelsOf(product.N), rowBytes = <usize> nativeColumns() << 2;
  const group = panelsOfGroup(min(K, K_RUN)), block = aside == 0 ? product.M : BLOCK_TILES * nativeRows();
  call.panelStep = product.panelStep;
  for (let m = 0; m < product.M; m += block) {
    const height = min(block, product.M - m);
    for (let k = 0; k < K; k += K_RUN) {
      const steps = min(K_RUN, K - k);
      if (aside != 0) packBlock(product, m, height, k, steps, aside);
      for (let p = 0; p < panels; p += group) {
        call.panels = absolute(product.panels + <usize> p * product.panelStep + <usize> k * rowBytes);
        multiplyBlock(product, call, m, height, k, steps, p, min(group, panels - p), aside);
      }
    }
  }
}

/** Bytes of a packed tile of A, and of what packing may write past its end. */
@inline function tileBytes(rows: i32, steps: i32): usize {
  return (<usize> (rows * steps) << 2) + VECTOR_BYTES;
}

/** Packs the block of `height` rows and `steps` steps of A from row `m` and step `k` on. */
function packBlock(product: Product, m: i32, height: i32, k: i32, steps: i32, aside: usize): void {
  const lda = product.lda, rows = rowsOfTiles(height);
  const whole = height / rows, rest = height % rows;
  const from = placeInA(product, m, k), next = tileBytes(rows, steps);
  packTiles(from, lda, steps, rows, whole, aside, next);
  if (rest == 0) return;
  packTiles(from + (<usize> (whole * rows) << 2), lda, steps, rest, 1, aside + <usize> whole * next, next);
}

/**
 * Adds `steps` steps from `k` on to the block of `height` rows of C from row `m` on, in `count` panels from panel `p` on.
 * The caller has set the panels.
 *
 * @param aside the packed block of A, or 0 if it is read in place
 */
function multiplyBlock(
  product: Product, call: TilesCall, m: i32, height: i32, k: i32, steps: i32, p: i32, count: i32, aside: usize,
): void {
  const lda = product.lda, ldc = product.ldc, transposed = product.transposeA != 0, packed = aside != 0;
  const wide = nativeColumns(), rows = rowsOfTiles(height), whole = height / rows, rest = height % rows;
  const from = packed ? aside : placeInA(product, m, k);
  const next = packed ? tileBytes(rows, steps) : transposed ? <usize> rows << 2 : <usize> rows * lda;
  const to = product.c + <usize> m * ldc + (<usize> (p * wide) << 2);
  const last = product.N - (p + count - 1) * wide;
  call.partial = <u64> (last < wide);
  if (last < wide) setMask(call.mask, last);
  call.k = steps;
  // Rows without gaps between them are prefetched tile by tile.
  call.ahead = lda == <usize> steps << 2 && !transposed ? 64 : 0;
  // The first run of k adds the addend, later ones add to C.
  call.add = <u64> (product.addend != 0 || k > 0);
  call.addend = k > 0 ? 0 : <i64> <u64> product.addend - <i64> <u64> product.c;
  call.panelCount = count;
  call.tiles = whole;
  call.tileStepA = next;
  runTiles(call, from, packed ? <usize> rows << 2 : lda, to, rows, transposed);
  if (rest == 0) return;
  call.tiles = 1;
  const below = to + <usize> (whole * rows) * ldc;
  runTiles(call, from + <usize> whole * next, packed ? <usize> rest << 2 : lda, below, rest, transposed);
}

/** Address of row `m` and step `k` of A. */
@inline function placeInA(product: Product, m: i32, k: i32): usize {
  const transposed = product.transposeA != 0;
  return product.a + <usize> (transposed ? k : m) * product.lda + (<usize> (transposed ? m : k) << 2);
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
