// Looking at many tensors at once on the CPU: values are read where they lie, and norms summed in fixed chunks.
import { GATHER_PLACES, GLOBAL_NORM } from "../../ops/observe.ts";
import { type KernelFunction, register, setArguments, sizeOf } from "../machine/jobs.ts";

/** Elements of one chunk; fixed, so that the norm is the same for any number of threads. */
const CHUNK = 16384;

const gather: KernelFunction = ({ inputs, attrs, backend }) => {
  const places = attrs["places"] as readonly Int32Array[];
  const count = places.reduce((sum, { length }) => sum + length, 0);
  const { info, address } = backend.output([count]);
  const out = backend.machine.view(Float32Array, address, count);
  let at = 0;
  places.forEach((own, i) => {
    const values = backend.valuesOf(inputs[`x${i}`]!);
    for (let k = 0; k < own.length; k++) out[at++] = values[own[k]!]!;
  });
  return info;
};

const norm: KernelFunction = ({ inputs, backend }) => {
  const { machine } = backend;
  const tensors = Object.values(inputs);
  const sizes = tensors.map(({ shape }) => sizeOf(shape));
  const chunkCount = sizes.reduce((sum, size) => sum + Math.ceil(size / CHUNK), 0);
  const addresses = tensors.map((tensor) => backend.address(tensor));
  // The tables of AdamW's first job: 32 bytes a tensor, its address the second number; 16 bytes a chunk.
  const table = backend.room(tensors.length * 32 + chunkCount * 16);
  const sums = backend.room(chunkCount * 8);
  const ints = machine.view(Int32Array, table, tensors.length * 8 + chunkCount * 4);
  let at = tensors.length * 8;
  sizes.forEach((size, i) => {
    ints[i * 8 + 1] = addresses[i]!;
    for (let begin = 0; begin < size; begin += CHUNK, at += 4) {
      ints.set([i, begin, Math.min(CHUNK, size - begin)], at);
    }
  });
  setArguments(machine, 2, [table + tensors.length * 32, table, sums]);
  machine.run("squares", chunkCount, sizes.reduce((a, b) => a + b, 0) / 4);
  const squares = machine.view(Float64Array, sums, chunkCount);
  const { info, address } = backend.output([]);
  machine.view(Float32Array, address, 1)[0] = Math.sqrt(squares.reduce((a, b) => a + b, 0));
  return info;
};

export function registerObserving(): void {
  register(GATHER_PLACES, gather);
  register(GLOBAL_NORM, norm);
}
