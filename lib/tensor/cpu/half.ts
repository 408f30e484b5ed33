// Half-precision weights on the CPU.
import { UserError } from "../../errors.ts";
import { EMBEDDING_HALF } from "../ops/embedding.ts";
import { UNPACK_HALF } from "../ops/half.ts";
import type { StitchbookCPU } from "./backend.ts";
import { forElements, forRows, type KernelFunction, register, sizeOf } from "./jobs.ts";

const unpackHalf: KernelFunction = ({ inputs: { x }, backend }) => {
  const from = backend.address(x!, "int32");
  const { shape } = x!;
  const { info, address } = backend.output([...shape.slice(0, -1), 2 * shape.at(-1)!]);
  unpack(backend, sizeOf(shape), from, address);
  return info;
};

const embeddingHalf: KernelFunction = ({ inputs: { table, ids }, backend }) => {
  const { machine } = backend;
  const [vocab, words] = table!.shape as [number, number];
  const [rows] = ids!.shape as [number];
  const values = backend.valuesOf(ids!);
  for (let i = 0; i < rows; i++) {
    const id = values[i]!;
    if (!(id >= 0 && id < vocab)) {
      throw new UserError("tensor.index", `embedding() needs ids in [0, ${vocab}), but id ${i} is ${id}`);
    }
  }
  const from = [backend.address(table!, "int32"), backend.address(ids!, "int32")];
  const { info, address } = backend.output([rows, 2 * words]);
  const packed = machine.heap.allocate(rows * words * 4);
  try {
    forRows(machine, "embedding", rows, words / 2, [words, ...from, packed.address]);
    unpack(backend, rows * words, packed.address, address);
  } finally {
    machine.heap.free(packed);
  }
  return info;
};

function unpack({ machine }: StitchbookCPU, words: number, from: number, to: number): void {
  forElements(machine, "unpackHalf", words, 1, [from, to]);
}

export function registerHalf(): void {
  register(UNPACK_HALF, unpackHalf);
  register(EMBEDDING_HALF, embeddingHalf);
}
