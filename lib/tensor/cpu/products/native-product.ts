// Matrix products by the native tile kernels: B is packed once, in parts, then parts of C are made. How work is cut does
// not change a bit of it: each element adds up its k in one order.
import type { KeptForm } from "../machine/constants.ts";
import type { Machine } from "../machine/machine.ts";
import { type Product, sameB } from "./product.ts";

/** Rough speed of one thread, floating-point operations in a nanosecond. */
const FLOPS = 120;
/** Rough nanoseconds to pack an element. */
const PACKING = 0.4;
/** Floating-point operations of one part, at least: some 10 µs, above what handing it out costs. */
const PART = 1e6;
/** Words of one task in the tables; assembly/native.ts says what they are. */
const PACK_WORDS = 6;
const TILE_WORDS = 10;

/** Runs products that do not depend on each other as one job. */
export function multiplyByTiles(machine: Machine, products: readonly Product[]): void {
  /** Where each product's B goes: where it is kept, or bytes from where the room for all others begins. */
  const rooms: { readonly at: number; readonly kept: KeptForm | undefined; readonly isPacked: boolean }[] = [];
  let bytes = 0;
  products.forEach((product, i) => {
    const same = products.findIndex((other) => sameB(product, other));
    if (same < i) return void rooms.push({ ...rooms[same]!, isPacked: true });
    const size = packedBytes(machine, product);
    const kept = machine.constants.find(product, "panels", size);
    rooms.push({ at: bytes, kept, isPacked: kept?.isPacked ?? false });
    if (kept === undefined) bytes += size;
  });
  const packed = machine.heap.allocate(bytes);
  try {
    const packs: number[] = [];
    const tiles: number[] = [];
    let [cost, packing] = [0, 0];
    products.forEach((product, i) => {
      const { at, kept, isPacked } = rooms[i]!;
      const room = kept?.address ?? packed.address + at;
      if (!isPacked) {
        packTasks(machine, product, room, packs);
        packing += PACKING * packedBytes(machine, product) / 4;
      }
      tileTasks(machine, product, room, tiles);
      cost += 2 * product.batch * product.M * product.N * product.K / FLOPS;
    });
    if (packs.length > 0) runTable(machine, "packPanels", packs, PACK_WORDS, packing);
    for (const { kept } of rooms) if (kept !== undefined) kept.isPacked = true;
    runTable(machine, "tiles", tiles, TILE_WORDS, cost);
  } finally {
    machine.heap.free(packed);
  }
}

function packedBytes({ native }: Machine, { batch, N, K, oneB }: Product): number {
  const { columns } = native!;
  return 4 * Math.ceil(N / columns) * columns * K * (oneB ? 1 : batch);
}

/** Runs a job on a table of tasks, `each` words long. */
export function runTable(
  machine: Machine,
  kernel: "packPanels" | "tiles" | "split",
  words: number[],
  each: number,
  cost: number,
): void {
  machine.ints[0] = machine.stage(words);
  machine.run(kernel, words.length / each, cost);
}

function packTasks({ native, threads }: Machine, product: Product, room: number, tasks: number[]): void {
  const { batch, N, K, b, transposeB, oneB } = product;
  const { columns } = native!;
  const panels = Math.ceil(N / columns);
  const matrices = oneB ? 1 : batch;
  const perTask = Math.max(1, Math.ceil(panels * matrices / (4 * threads)));
  const ld = 4 * (transposeB ? K : N);
  for (let matrix = 0; matrix < matrices; matrix++) {
    for (let p = 0; p < panels; p += perTask) {
      const n = p * columns;
      const from = b + 4 * matrix * K * N + n * (transposeB ? ld : 4);
      const to = room + 4 * (matrix * panels + p) * K * columns;
      tasks.push(from, ld, Number(transposeB), K, Math.min(N - n, perTask * columns), to);
    }
  }
}

function tileTasks({ native, threads }: Machine, product: Product, room: number, tasks: number[]): void {
  const { batch, M, N, K, a, c, transposeA, oneA, oneB, add, addend = c } = product;
  const { columns } = native!;
  const panels = Math.ceil(N / columns);
  const { rows, wide } = partOf(product, native!, threads, PART);
  const lda = 4 * (transposeA ? M : K);
  for (let matrix = 0; matrix < batch; matrix++) {
    const A = a + (oneA ? 0 : 4 * matrix * M * K);
    const B = room + (oneB ? 0 : 4 * matrix * panels * K * columns);
    const C = c + 4 * matrix * M * N;
    for (let m = 0; m < M; m += rows) {
      for (let n = 0; n < N; n += wide) {
        const [height, width] = [Math.min(rows, M - m), Math.min(wide, N - n)];
        tasks.push(
          A + m * (transposeA ? 4 : lda),
          lda,
          Number(transposeA),
          B + 4 * n * K,
          C + 4 * (m * N + n),
          4 * N,
          height,
          width,
          K,
          add ? addend + 4 * (matrix * M * N + m * N + n) : 0,
        );
      }
    }
  }
}

/**
 * Rows and columns of one part: some parts a thread, so that none waits long for another, but each of several tiles and
 * panels. A part's rows of A are packed, or read from afar, once for all its columns, so rows are cut first.
 *
 * @param least floating-point operations of a part
 * @param unit what a part's rows are a multiple of
 */
export function partOf(
  { batch, M, N, K }: Pick<Product, "batch" | "M" | "N" | "K">,
  shape: { readonly rows: number; readonly columns: number },
  threads: number,
  least: number,
  unit = 1,
) {
  let [rows, wide] = [M, N];
  let parts = batch;
  const enough = (most: number) => parts >= most || 2 * batch * M * N * K < 2 * parts * least;
  while (!enough(4 * threads)) {
    if (rows >= 8 * shape.rows) rows /= 2;
    else if (wide >= 8 * shape.columns) wide /= 2;
    else break;
    parts *= 2;
  }
  for (; !enough(threads); parts *= 2) {
    if (rows >= wide) rows /= 2;
    else wide /= 2;
  }
  return {
    rows: Math.ceil(rows / unit) * unit,
    wide: Math.ceil(wide / shape.columns) * shape.columns,
  };
}
