// Values and the norm of many tensors at once on the CPU.
import { GATHER_PLACES, GLOBAL_NORM } from "../../ops/observe.ts";
import { type KernelFunction, register } from "../machine/jobs.ts";
import { sumSquares } from "./adam-w.ts";

const gather: KernelFunction = ({ inputs, attrs, backend }) => {
  const places = attrs["places"] as readonly Int32Array[];
  const count = places.reduce((sum, { length }) => sum + length, 0);
  const { info, address } = backend.output([count]);
  const out = backend.machine.view(Float32Array, address, count);
  let at = 0;
  places.forEach((own, i) => {
    backend.letGo(); // `out` is small, so that it stays
    const values = backend.valuesOf(inputs[`x${i}`]!);
    for (let k = 0; k < own.length; k++) out[at++] = values[own[k]!]!;
  });
  return info;
};

const norm: KernelFunction = ({ inputs, backend }) => {
  const { info, address } = backend.output([]);
  backend.machine.view(Float32Array, address, 1)[0] = Math.sqrt(sumSquares(backend, Object.values(inputs)));
  return info;
};

register(GATHER_PLACES, gather);
register(GLOBAL_NORM, norm);
