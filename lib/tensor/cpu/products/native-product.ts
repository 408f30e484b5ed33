// Matrix products by the tile kernels in machine code: B is packed once, in parts, then C is computed in parts. How the
// work is cut does not change the result: each element adds its products in one order of k.
import { K_RUN } from "../layout/constants.ts";
import { PANELS, PRODUCT } from "../layout/jobs.ts";
import { createTable, type TableOf } from "../layout/record.ts";
import type { KeptForm } from "../machine/constant-matrices.ts";
import { reserveScratch } from "../machine/jobs.ts";
import type { Machine } from "../machine/machine.ts";
import { asideBytes, packedBytes } from "./panels.ts";
import { partOf } from "./parts.ts";
import { blockOf, matricesOf, type Product, sameB } from "./product.ts";

/** Rough speed of one thread, floating-point operations per nanosecond. */
const FLOPS = 120;
/** Rough nanoseconds to pack an element. */
const PACKING = 0.4;
/** Floating-point operations of one part, at least: about 10 µs, above the cost of handing it out. */
const PART = 1e6;

/** Where a product's packed B goes: to where it is kept, or `at` bytes into a temporary block. */
interface Place {
  readonly at: number;
  readonly kept: KeptForm | undefined;
  /** Whether it needs no packing: it is packed already, or packed for another product of the job. */
  readonly isPacked: boolean;
}

/** Runs products that do not depend on each other as one job. */
export function multiplyByTiles(machine: Machine, products: readonly Product[]): void {
  const shape = machine.native!;
  const places: Place[] = [];
  let bytes = 0;
  products.forEach((product, i) => {
    const same = products.findIndex((other) => sameB(product, other));
    if (same < i) return void places.push({ ...places[same]!, isPacked: true });
    const size = packedBytes(shape, product.K, product.N) * matricesOfB(product);
    const kept = machine.constants.find(product, "panels", size);
    places.push({ at: bytes, kept, isPacked: kept?.isPacked ?? false });
    if (kept === undefined) bytes += size;
  });
  const { aside } = reserveScratch(machine, { aside: asideBytes(shape, K_RUN) });
  const block = machine.heap.allocate(bytes);
  try {
    const packs = createTable(PANELS);
    const tiles = createTable(PRODUCT);
    let [cost, packing] = [0, 0];
    products.forEach((product, i) => {
      const { at, kept, isPacked } = places[i]!;
      const packed = kept?.address ?? block.address + at;
      if (!isPacked) {
        addPackTasks(machine, product, packed, packs);
        packing += PACKING * packedBytes(shape, product.K, product.N) * matricesOfB(product) / 4;
      }
      addTileTasks(machine, product, packed, tiles);
      cost += 2 * product.batch * product.M * product.N * product.K / FLOPS;
    });
    if (packs.length > 0) machine.run("packPanels", { table: machine.stage(packs.words) }, packs.length, packing);
    for (const { kept } of places) if (kept !== undefined) kept.isPacked = true;
    machine.run("tiles", { table: machine.stage(tiles.words), aside }, tiles.length, cost);
  } finally {
    machine.heap.free(block);
  }
}

const matricesOfB = ({ oneB, batch }: Product) => oneB ? 1 : batch;

function addPackTasks(machine: Machine, product: Product, packed: number, tasks: TableOf<typeof PANELS>): void {
  const { N, K, transposeB } = product;
  const { columns } = machine.native!;
  const panels = Math.ceil(N / columns);
  const matrices = matricesOfB(product);
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

function addTileTasks(machine: Machine, product: Product, packed: number, tasks: TableOf<typeof PRODUCT>): void {
  const { batch, M, N, K, oneB } = product;
  const panelStep = packedBytes(machine.native, K, 1);
  const matrixBytes = oneB ? 0 : packedBytes(machine.native, K, N);
  const { rows, columns } = partOf(product, machine.native!, machine.threads, PART);
  for (let matrix = 0; matrix < batch; matrix++) {
    for (let m = 0; m < M; m += rows) {
      for (let n = 0; n < N; n += columns) {
        const panels = packed + matrix * matrixBytes + packedBytes(machine.native, K, n);
        const block = blockOf(product, matrix, m, n, rows, columns);
        tasks.add({ ...block, panels, panelStep, b: 0, ldb: 0, transposeB: 0 });
      }
    }
  }
}
