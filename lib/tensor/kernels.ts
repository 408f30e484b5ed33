// How fused operations run: a backend with a kernel of the operation's name runs that; any other backend runs a
// composition of stock tfjs operations, which is also the reference in tests.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../errors.ts";
import { isTaping } from "./operation.ts";

export { inShape, interruptible, isTaping, kept, runKernel } from "./operation.ts";

/** Whether the current backend has its own kernel called `name`. */
export function hasKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined;
}

/**
 * Gradients of several inputs from one computation, which runs when the first of them is needed, if any is.
 *
 * tfjs calls each input's function in a scope of its own and disposes what the function does not return, so the results
 * belong to the scope around the whole backward pass.
 *
 * @returns for each output of `compute`, the function that tfjs calls
 */
export function sharedGradients(compute: () => tf.Tensor[]): (index: number) => () => tf.Tensor {
  const { state } = tf.engine();
  const outer = state.activeScope;
  let results: tf.Tensor[] | undefined;
  return (index) => () => {
    if (results === undefined) {
      const inner = state.scopeStack.splice(state.scopeStack.indexOf(outer) + 1);
      const { activeScope } = state;
      state.activeScope = outer;
      try {
        results = compute();
      } finally {
        state.scopeStack.push(...inner);
        state.activeScope = activeScope;
      }
    }
    return results[index]!;
  };
}

/**
 * Registers the gradient of a kernel with named inputs and one output.
 *
 * @param inputs names of the inputs that it needs
 * @param gradients from the output's gradient, those inputs, and the output if it is kept: a function for each input that
 * has a gradient
 */
export function registerGradient<const Names extends readonly string[]>(
  kernelName: string,
  inputs: Names,
  gradients: (
    dy: tf.Tensor,
    saved: readonly [...{ readonly [N in keyof Names]: tf.Tensor }, out: tf.Tensor],
    attrs: Readonly<Record<string, unknown>>,
  ) => Record<string, () => tf.Tensor>,
  { keepsOutput = false } = {},
): void {
  const gradFunc = gradients as unknown as tf.GradFunc;
  tf.registerGradient({ kernelName, inputsToSave: [...inputs], outputsToSave: [keepsOutput], gradFunc });
}

/** Keeps tensors for the gradient functions, when there will be any. */
export type Save = (tensors: tf.Tensor[]) => void;

/**
 * An operation composed of others, with gradients of its own: `forward` records nothing on the tape and leaks nothing.
 * Like `tf.customGrad`, except that each input has its own function, called only when that gradient is needed.
 *
 * @param gradients from the output's gradient and what was saved: a function per input that computes its gradient
 */
export function composed<T extends tf.Tensor>(
  inputs: Readonly<Record<string, tf.Tensor>>,
  forward: (save: Save) => T,
  gradients: (dy: tf.Tensor, saved: tf.Tensor[]) => Readonly<Record<string, () => tf.Tensor>>,
): T {
  const engine = tf.engine() as unknown as {
    runKernelFunc(call: { inputs: unknown; forwardFunc: unknown; backwardsFunc: unknown }): T;
  };
  const forwardFunc = (_backend: unknown, save: Save) => {
    const kept: tf.Tensor[] = [];
    const y = forward((tensors) => void kept.push(...tensors));
    save(kept); // only now: if `forward` fails, nobody disposes what was saved
    return y;
  };
  return engine.runKernelFunc({ inputs, forwardFunc, backwardsFunc: gradients });
}

/** The result of `f` as a constant: nothing is recorded or saved for a gradient. */
export function untaped<T extends tf.Tensor>(f: () => T): T {
  return isTaping() ? composed({}, f, () => ({})) : f();
}

/**
 * Checks what every kernel relies on: that tensors are not disposed, not empty, and of the type it reads.
 *
 * @param dtypes of the inputs that are not float32
 * @throws UserError `tensor.disposed`, `tensor.dtype`, `tensor.shape`, each naming the operation and the input
 */
export function checkTensors(
  operation: string,
  inputs: Readonly<Record<string, tf.Tensor>>,
  dtypes: Readonly<Record<string, tf.DataType>> = {},
): void {
  for (const [name, tensor] of Object.entries(inputs)) {
    const { dtype, shape, size } = tensor;
    const wanted = dtypes[name] ?? "float32";
    if (tensor.isDisposed) {
      throw new UserError("tensor.disposed", `${operation}() cannot take ${name} [${shape}]: it was disposed`);
    }
    if (dtype !== wanted) {
      throw new UserError("tensor.dtype", `${operation}() needs ${name} [${shape}] as ${wanted}, not ${dtype}`);
    }
    if (size === 0) refuseShapes(operation, inputs, `${name} may not be empty`);
  }
}

/** A tensor's values if JavaScript has them, so that reading them does not wait for a device. */
export function hostValues(tensor: tf.Tensor): ArrayLike<number> | undefined {
  const backend = tf.backend() as Partial<{ hostValues(tensor: tf.Tensor): ArrayLike<number> | undefined }>;
  if (tf.getBackend() === "cpu") return tensor.dataSync(); // the stock backend keeps them nowhere else
  return backend.hostValues?.(tensor);
}

/** Refuses inputs whose shapes do not fit together: operations check them, and kernels rely on that. */
export function refuseShapes(operation: string, inputs: Readonly<Record<string, tf.Tensor>>, wanted: string): never {
  const shapes = Object.entries(inputs).map(([name, { shape }]) => `${name} [${shape}]`).join(", ");
  throw new UserError("tensor.shape", `${operation}() cannot take ${shapes}: ${wanted}`);
}

/** Refuses inputs of other ranks than these, which kernels rely on. */
export function checkRanks(
  operation: string,
  inputs: Readonly<Record<string, tf.Tensor>>,
  ranks: Readonly<Record<string, number>>,
): void {
  for (const [name, rank] of Object.entries(ranks)) {
    if (inputs[name]!.rank !== rank) refuseShapes(operation, inputs, `${name} must have ${rank} dimensions`);
  }
}

/** Whether all tensors have the same shape. */
export function sameShape(first: tf.Tensor, ...others: readonly tf.Tensor[]): boolean {
  return others.every((x) => tf.util.arraysEqual(x.shape, first.shape));
}
