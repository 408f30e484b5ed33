// How fused operations are found: a backend that has a kernel of the operation's name runs it; on any other, the
// operation is the composition of stock tfjs operations that also serves as the reference in tests.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../errors.ts";
import { isTaping } from "./operation.ts";

export { inShape, interruptible, isTaping, runKernel } from "./operation.ts";

/** Whether the current backend has its own kernel called `name`. */
export function hasKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined;
}

/**
 * Gradients of several inputs from one computation, which runs when the first of them is asked for, and never if none is.
 *
 * tfjs calls each input's function in a scope of its own and disposes what that does not return, so the results are
 * tracked by the scope around the whole backward pass.
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

/** Keeps tensors for the gradient functions, when there will be any. */
export type Save = (tensors: tf.Tensor[]) => void;

/**
 * An operation made of others but with gradients of its own: `forward` leaves nothing on the tape and nothing behind.
 * Like `tf.customGrad`, except that each input has a function, which is called only when its gradient is needed.
 *
 * @param gradients for each input the function of its gradient, from the output's and what was saved
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

/** What `f` computes, as a constant: nothing of it is recorded or kept for a gradient. */
export function untaped<T extends tf.Tensor>(f: () => T): T {
  return isTaping() ? composed({}, f, () => ({})) : f();
}

/**
 * Checks what every kernel trusts: that tensors are there, not empty, and of the type it reads.
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

/** A tensor's values where the backend has them on this side, so that looking at them costs no wait. */
export function hostValues(tensor: tf.Tensor): ArrayLike<number> | undefined {
  const backend = tf.backend() as Partial<{ hostValues(tensor: tf.Tensor): ArrayLike<number> | undefined }>;
  if (tf.getBackend() === "cpu") return tensor.dataSync(); // the stock backend, which has no other place for them
  return backend.hostValues?.(tensor);
}

/** Inputs of an operation that do not fit together: kernels trust shapes, so that operations must not. */
export function refuseShapes(operation: string, inputs: Readonly<Record<string, tf.Tensor>>, wanted: string): never {
  const shapes = Object.entries(inputs).map(([name, { shape }]) => `${name} [${shape}]`).join(", ");
  throw new UserError("tensor.shape", `${operation}() cannot take ${shapes}: ${wanted}`);
}

/** Refuses inputs of other ranks than these, which kernels trust. */
export function checkRanks(
  operation: string,
  inputs: Readonly<Record<string, tf.Tensor>>,
  ranks: Readonly<Record<string, number>>,
): void {
  for (const [name, rank] of Object.entries(ranks)) {
    if (inputs[name]!.rank !== rank) refuseShapes(operation, inputs, `${name} must have ${rank} dimensions`);
  }
}

/** Whether all tensors have one shape. */
export function sameShape(first: tf.Tensor, ...others: readonly tf.Tensor[]): boolean {
  return others.every((x) => tf.util.arraysEqual(x.shape, first.shape));
}
