// The WebGPU backend on this machine's adapter: checks every kernel against the reference, and on a real GPU times what
// a training step takes, against stock tfjs on the same device.
//
//   deno run -A bench/webgpu.ts [--shapes small,135m] [--steps 20] [--no-time] [--products] [--profile]
//
// It needs no network. To carry it to a machine that has only Deno:
//
//   deno bundle -o webgpu.js bench/webgpu.ts
//
// The table of errors goes to standard error, times as JSON lines to standard output. It exits with 1 if a kernel is off
// by more than 1e-5, relative to the largest value. A software adapter is checked and never timed.
import { parseArgs } from "node:util";
import { describeAdapter, findAdapter } from "../lib/tensor/mod.ts";
import { checkKernels } from "./webgpu/check.ts";
import { timeProducts } from "./webgpu/products.ts";
import { type ShapeName, shapes } from "./shapes.ts";
import { keepStockKernels, profileStep, timeSteps } from "./webgpu/step.ts";

const { values: flags } = parseArgs({
  allowNegative: true,
  options: {
    shapes: { type: "string", default: "small,135m" },
    steps: { type: "string", default: "20" },
    time: { type: "boolean", default: true },
    products: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
  },
});

const wanted = flags.shapes.split(",");
const unknown = wanted.find((shape) => !Object.hasOwn(shapes, shape));
if (unknown !== undefined || !(Number(flags.steps) >= 1)) {
  console.error(
    unknown === undefined
      ? `--steps must be a number from 1, not ${flags.steps}`
      : `Unknown shape "${unknown}": use ${Object.keys(shapes).join(", ")}`,
  );
  Deno.exit(2);
}
const adapter = await findAdapter();
if (adapter === undefined) {
  console.error("This machine has no WebGPU adapter");
  Deno.exit(2);
}
const { name, software } = describeAdapter(adapter);
console.error(`${name}${software ? " (software: checked, not timed)" : ""}`);

keepStockKernels();
const worst = await checkKernels((line) => console.error(line));
console.error(`\nlargest error: ${worst.toExponential(1)}`);

if (flags.time && !software) {
  const print = (line: object) => console.log(JSON.stringify({ adapter: name, ...line }));
  if (flags.products) await timeProducts(print);
  for (const shape of wanted as ShapeName[]) {
    for (const library of ["ours", "stock"] as const) await timeSteps(library, shape, Number(flags.steps), print);
    if (flags.profile) await profileStep(shape, print);
  }
}
Deno.exit(worst > 1e-5 ? 1 : 0);
