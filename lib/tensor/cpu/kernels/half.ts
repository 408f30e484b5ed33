// Half-precision weights on the CPU.
import { checkIds, EMBEDDING_HALF } from "../../ops/embedding.ts";
import { type HalfFormat, LINEAR_HALF_FEW, UNPACK_HALF } from "../../ops/half.ts";
import type { StitchbookCPU } from "../backend.ts";
import { forElements, forRows, type KernelFunction, register, sizeOf } from "../machine/jobs.ts";

const unpackHalf: KernelFunction = ({ inputs: { x }, attrs, backend }) => {
  const from = backend.address(x!, "int32");
  const { shape } = x!;
  const { info, address } = backend.output([...shape.slice(0, -1), 2 * shape.at(-1)!]);
  unpack(backend, attrs, sizeOf(shape), from, address);
  return info;
};

const embeddingHalf: KernelFunction = ({ inputs: { table, ids }, attrs, backend }) => {
  const [vocab, words] = table!.shape as [number, number];
  const [rows] = ids!.shape as [number];
  checkIds(backend.valuesOf(ids!), vocab);
  const from = backend.address(table!, "int32");
  const at = backend.address(ids!, "int32");
  const { info, address } = backend.output([rows, 2 * words]);
  const packed = backend.scratch(rows * words * 4);
  forRows(backend.machine, "embedding", rows, words / 2, { d: words, table: from, ids: at, y: packed });
  unpack(backend, attrs, rows * words, packed, address);
  return info;
};

function unpack({ machine }: StitchbookCPU, attrs: object, words: number, halves: number, y: number): void {
  forElements(machine, (attrs as HalfFormat).bfloat16 ? "unpackBfloat16" : "unpackHalf", words, 1, { halves, y });
}

/** x `[…, M, K]` by packed w `[…, N, K / 2]`, for few rows M. */
const linearHalfFew: KernelFunction = ({ inputs: { x, w }, attrs, backend }) => {
  const { machine } = backend;
  const [M, K] = x!.shape.slice(-2) as [number, number];
  const stack = w!.shape.slice(0, -2);
  const N = w!.shape.at(-2)!;
  const from = { x: backend.address(x!), w: backend.address(w!, "int32") };
  const { info, address } = backend.output([...stack, M, N]);
  const columnsPerTask = Math.ceil(N / (4 * machine.threads));
  for (let i = 0; i < sizeOf(stack); i++) {
    const at = { x: from.x + 4 * i * M * K, w: from.w + 2 * i * N * K, y: address + 4 * i * M * N };
    const args = { ...at, M, N, K, columnsPerTask, bfloat16: Number((attrs as HalfFormat).bfloat16) };
    machine.run("innerPacked", args, Math.ceil(N / columnsPerTask), M * N * K / 4);
  }
  return info;
};

register(LINEAR_HALF_FEW, linearHalfFew);
register(UNPACK_HALF, unpackHalf);
register(EMBEDDING_HALF, embeddingHalf);
