// Matrix products by the tile kernels in machine code: C is computed in parts. B is packed once before, or by each part
// for its own columns. How the work is cut does not change the result: each element adds its products in one order of k.
import { K_RUN, KEPT_BYTES } from "../layout/constants.ts";
import { PANELS, PRODUCT } from "../layout/jobs.ts";
import { createTable, type TableOf, type Values } from "../layout/record.ts";
import type { KeptForm } from "../machine/constant-matrices.ts";
import { reserveScratch } from "../machine/jobs.ts";
import type { Machine } from "../machine/machine.ts";
import { asideBytes, packedBytes } from "./panels.ts";
import { evenRuns, partOf, partsOfEach } from "./parts.ts";
import { blockOf, matricesOf, type Product, sameB } from "./product.ts";

/** Rough speed of one thread, floating-point operations per nanosecond. */
const FLOPS = 120;
/** Rough nanoseconds to pack an element. */
const PACKING = 0.4;
/** Floating-point operations of one part, at least: about 10 µs, above the cost of handing it out. */
const PART = 1e6;
/** Rows of A with which a part may pack its columns of B itself: packing costs little beside so many. */
const MANY_ROWS = 192;
/** Columns of such a part, at least: each part reads all of A. */
const WIDE = 128;

/** A product's packed B: at an address, and whether it needs no packing. */
interface Packed {
  readonly address: number;
  readonly kept: KeptForm | undefined;
  readonly isPacked: boolean;
}

/**
 * Runs products as one job.
 *
 * @param products that do not depend on each other
 */
export function multiplyByTiles(machine: Machine, products: readonly Product[]): void {
  run(machine, products, products.map((product) => columnsOfParts(machine, product)), false);
}

/**
 * Adds up products of the same size, one after another, in the C of the first; the others add to it.
 *
 * @returns false if that is not worth it: nothing was computed then
 */
export function sumByTiles(machine: Machine, products: readonly Product[]): boolean {
  const columns = products.map((product) => columnsOfParts(machine, product));
  if (columns.includes(undefined)) return false;
  run(machine, products, columns, true);
  return true;
}

/** @param columns of each product, those of the parts that pack their own B, or undefined */
function run(
  machine: Machine,
  products: readonly Product[],
  columns: readonly (Runs | undefined)[],
  isSum: boolean,
): void {
  const shape = machine.native!;
  const scratch = reserveScratch(machine, { aside: asideBytes(shape, K_RUN), packed: KEPT_BYTES });
  const { packed, block } = findPacked(machine, products.filter((_, i) => columns[i] === undefined));
  try {
    const packs = createTable(PANELS);
    let [cost, packing] = [0, 0];
    const lists = products.map((product, i) => {
      cost += 2 * product.batch * product.M * product.N * product.K / FLOPS;
      const packTime = PACKING * bytesOfB(machine, product) / 4;
      const own = columns[i];
      if (own !== undefined) {
        cost += packTime;
        return partsOfColumns(product, own);
      }
      const { address, isPacked } = packed.get(product)!;
      if (!isPacked) {
        addPackTasks(machine, product, address, packs);
        packing += packTime;
      }
      return partsOf(machine, product, address);
    });
    if (packs.length > 0) machine.run("packPanels", { table: machine.stage(packs.words) }, packs.length, packing);
    for (const { kept } of packed.values()) if (kept !== undefined) kept.isPacked = true;
    const table = createTable(PRODUCT);
    const first = lists[0]!.length;
    const parts = lists.flat();
    parts.forEach((part, i) => {
      table.add({ ...part, next: isSum && i + first < parts.length ? (i + first) * PRODUCT.bytes : 0 });
    });
    machine.run("tiles", { table: machine.stage(table.words), ...scratch }, isSum ? first : parts.length, cost);
  } finally {
    machine.heap.free(block);
  }
}

/** Bytes of all packed matrices B of a product. */
function bytesOfB(machine: Machine, { oneB, batch, K, N }: Product): number {
  return packedBytes(machine.native, K, N) * (oneB ? 1 : batch);
}

/** Places for the packed B of products: where it is kept, or in a temporary block. */
function findPacked(machine: Machine, products: readonly Product[]) {
  let bytes = 0;
  const places = products.map((product, i) => {
    const same = products.findIndex((other) => sameB(product, other));
    if (same < i) return same;
    const size = bytesOfB(machine, product);
    const kept = machine.constants.find(product, "panels", size);
    const at = bytes;
    if (kept === undefined) bytes += size;
    return { at, kept };
  });
  const block = machine.heap.allocate(bytes);
  const packed = new Map<Product, Packed>();
  places.forEach((place, i) => {
    if (typeof place === "number") packed.set(products[i]!, { ...packed.get(products[place]!)!, isPacked: true });
    else {
      const { at, kept } = place;
      packed.set(products[i]!, {
        address: kept?.address ?? block.address + at,
        kept,
        isPacked: kept?.isPacked ?? false,
      });
    }
  });
  return { packed, block };
}

function addPackTasks(machine: Machine, product: Product, packed: number, tasks: TableOf<typeof PANELS>): void {
  const { N, K, transposeB } = product;
  const { columns } = machine.native!;
  const panels = Math.ceil(N / columns);
  const matrices = product.oneB ? 1 : product.batch;
  const perTask = Math.max(1, Math.ceil(panels * matrices / (4 * machine.threads)));
  const transposed = Number(transposeB);
  for (let matrix = 0; matrix < matrices; matrix++) {
    const { b, ldb } = matricesOf(product, matrix);
    for (let p = 0; p < panels; p += perTask) {
      const n = p * columns;
      const to = packed + packedBytes(machine.native, K, matrix * panels * columns + n);
      tasks.add({ b: b + n * (transposeB ? ldb : 4), ldb, transposed, K, N: Math.min(N - n, perTask * columns), to });
    }
  }
}

type Part = Omit<Values<NonNullable<typeof PRODUCT.types>>, "next">;

/** Parts of a product with packed B. */
function partsOf(machine: Machine, product: Product, packed: number): Part[] {
  const { batch, M, N, K, oneB } = product;
  const panelStep = packedBytes(machine.native, K, 1);
  const matrixBytes = oneB ? 0 : packedBytes(machine.native, K, N);
  const { rows, columns } = partOf(product, machine.native!, machine.threads, PART);
  const parts: Part[] = [];
  for (let matrix = 0; matrix < batch; matrix++) {
    for (let m = 0; m < M; m += rows) {
      for (let n = 0; n < N; n += columns) {
        const panels = packed + matrix * matrixBytes + packedBytes(machine.native, K, n);
        const block = blockOf(product, matrix, m, n, rows, columns);
        parts.push({ ...block, panels, panelStep, b: 0, ldb: 0, transposeB: 0 });
      }
    }
  }
  return parts;
}

type Runs = readonly (readonly [begin: number, length: number])[];

/** The columns of each part, if parts should pack B themselves: if it is not kept, and there are enough parts. */
function columnsOfParts(machine: Machine, product: Product): Runs | undefined {
  const { batch, M, N, transposeA } = product;
  const { columns } = machine.native!;
  if (
    transposeA || M < MANY_ROWS || machine.constants.find(product, "panels", bytesOfB(machine, product)) !== undefined
  ) {
    return undefined;
  }
  const panels = Math.ceil(N / columns);
  const parts = partsOfEach(batch, Math.floor(panels * columns / WIDE), machine.threads);
  if (parts === undefined) return undefined;
  return evenRuns(panels, parts).map(([p, count]) => [p * columns, Math.min(N - p * columns, count * columns)]);
}

/** Parts of a product that pack their own columns of B. */
function partsOfColumns(product: Product, columns: Runs): Part[] {
  const { batch, M, transposeB } = product;
  return Array.from({ length: batch }, (_, matrix) => {
    const { b, ldb } = matricesOf(product, matrix);
    return columns.map(([n, length]): Part => {
      const from = { b: b + n * (transposeB ? ldb : 4), ldb, transposeB: Number(transposeB) };
      return { ...blockOf(product, matrix, 0, n, M, length), ...from, panels: 0, panelStep: 0 };
    });
  }).flat();
}
