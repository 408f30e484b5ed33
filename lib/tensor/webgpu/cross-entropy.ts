// Cross-entropy on WebGPU: one pass over the logits forward, one backward.
import { CROSS_ENTROPY, CROSS_ENTROPY_GRAD } from "../ops/cross-entropy.ts";
import { type KernelFunction, perElement, register } from "./kernel.ts";
import { lanesFor, program } from "./program.ts";
import { partsSum, ROW_THREADS, rowFunction, rowGroups, rowStart, sharersOf } from "./row-sums.ts";

const LOG_SUMS = "log-sum-exp";

const crossEntropy: KernelFunction = ({ inputs: { logits, targets }, backend }) => {
  backend.check(logits!);
  backend.check(targets!, "int32");
  const [rows, vocab] = logits!.shape as [number, number];
  const { width, type } = lanesFor(vocab);
  const steps = vocab / width;
  const sharers = sharersOf(steps);
  const loss = backend.output([rows]);
  const logSums = backend.output([rows]);
  backend.attach(loss, LOG_SUMS, logSums);
  const made = program(`crossEntropy ${type} ${sharers}`, (features) => ({
    reads: { logits: type, targets: "i32" },
    writes: { loss: "f32", logSums: "f32" },
    uniforms: { rows: "u32", steps: "u32" },
    size: ROW_THREADS,
    declarations: rowFunction(features, "rowMost", sharers, "max") + rowFunction(features, "rowSum", sharers, "sum"),
    main: `${rowStart(sharers)}
  let base = row * uniforms.steps;
  // the largest logit so far, and the sum of exp(logit - largest)
  var most = -3.0e38;
  var sum = 0.0;
  if (inside) {
    for (var i = share; i < uniforms.steps; i += ${sharers}u) {
      let v = logits[base + i];
      let larger = max(most, ${type === "f32" ? "v" : "max(max(v.x, v.y), max(v.z, v.w))"});
      let terms = exp(v - larger);
      sum = sum * exp(most - larger) + ${partsSum(type, "terms")};
      most = larger;
    }
  }
  let largest = rowMost(lane, share, most);
  let total = rowSum(lane, share, sum * exp(most - largest));
  if (inside && share == 0u) {
    let logSum = largest + log(total);
    let wanted = targets[row];
    logSums[row] = logSum;
    if (wanted < 0) { loss[row] = 0.0; }
    else { loss[row] = logSum - ${
      width === 1 ? "logits[base + u32(wanted)]" : "logits[base + u32(wanted) / 4u][u32(wanted) % 4u]"
    }; }
  }`,
  }));
  backend.launch(made, [logits!, targets!, loss, logSums], [rows, steps], rowGroups(rows, sharers));
  return loss;
};

const crossEntropyGrad: KernelFunction = ({ inputs: { logits, targets, loss, dy }, backend }) => {
  const logSums = backend.attached(loss!, LOG_SUMS);
  if (logSums === undefined) throw new Error(`${CROSS_ENTROPY_GRAD} needs the forward kernel's own output`);
  for (const tensor of [logits!, dy!]) backend.check(tensor);
  const [rows, vocab] = logits!.shape as [number, number];
  const { width, type } = lanesFor(vocab);
  const steps = vocab / width;
  const dlogits = backend.output([rows, vocab]);
  const right = width === 1
    ? "select(0.0, 1.0, wanted == i32(column))"
    : "select(vec4<f32>(0.0), vec4<f32>(1.0), vec4<i32>(wanted) == vec4<i32>(i32(column) * 4) + vec4<i32>(0, 1, 2, 3))";
  perElement(backend, {
    key: `crossEntropyGrad ${type}`,
    count: rows * steps,
    reads: { logits: [type, logits!], targets: ["i32", targets!], logSums: ["f32", logSums], dy: ["f32", dy!] },
    writes: { dlogits: [type, dlogits] },
    uniforms: { steps },
    body: () => `
  let row = i / uniforms.steps;
  let column = i % uniforms.steps;
  let wanted = targets[row];
  if (wanted < 0) { dlogits[i] = ${type}(0.0); return; }
  dlogits[i] = (exp(logits[i] - logSums[row]) - ${right}) * dy[row];`,
  });
  return dlogits;
};

register(CROSS_ENTROPY, crossEntropy);
register(CROSS_ENTROPY_GRAD, crossEntropyGrad);
