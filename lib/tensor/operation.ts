// Runs a kernel as an operation, like tfjs's engine but with less overhead: a training step runs hundreds of kernels, and
// the engine's own bookkeeping takes longer than many of them.
import * as tf from "@tensorflow/tfjs";

/** Parts of tfjs 4's engine that its published types leave out. */
interface Engine {
  readonly backendName: string;
  readonly backend: { incRef(dataId: object): void };
  readonly state: { kernelDepth: number; readonly gradientDepth: number; readonly profiling: boolean };
  makeTensorFromTensorInfo(info: tf.TensorInfo): tf.Tensor;
  addTapeNode(
    name: string,
    inputs: Inputs,
    outputs: readonly tf.Tensor[],
    gradient: ((dy: tf.Tensor) => Readonly<Record<string, () => tf.Tensor>>) | null,
    saved: readonly tf.Tensor[],
    attrs: Attributes,
  ): void;
}

type Inputs = Readonly<Record<string, tf.Tensor>> | readonly tf.Tensor[];
type Attributes = Readonly<Record<string, unknown>>;

const engine = () => tf.engine() as unknown as Engine;

let interruption: (() => void) | undefined;

/**
 * Runs `body`, calling `check` before each kernel in it; what `check` throws ends `body`. JavaScript hears nothing while
 * a training step is computed, so this is how a long step is stopped. `body` must leave no state half changed.
 */
export function interruptible<T>(check: () => void, body: () => T): T {
  const outer = interruption;
  interruption = check;
  try {
    return body();
  } finally {
    interruption = outer;
  }
}

/** Runs the current backend's kernel; its gradient, if registered, is taped. */
export function runKernel<T extends tf.Tensor | tf.Tensor[]>(
  name: string,
  inputs: Inputs,
  attrs: Attributes = {},
): T {
  interruption?.();
  const made = start(name, inputs, attrs);
  if (made === undefined) {
    return tf.engine().runKernel(name, inputs as Record<string, tf.Tensor>, attrs as tf.NamedAttrMap) as T;
  }
  if (isTaping()) {
    const outputs = Array.isArray(made) ? made : [made];
    engine().addTapeNode(name, inputs, outputs, null, savedFor(name, inputs, outputs), attrs);
  }
  return made as T;
}

/** `x` reshaped, where one size may be −1; `x` itself if it has that shape. Its gradient saves nothing. */
export function inShape<T extends tf.Tensor>(x: tf.Tensor, shape: readonly number[]): T {
  const from = x.shape;
  if (from.length === shape.length && shape.every((size, i) => size === -1 || size === from[i])) return x as T;
  const y = x.isDisposed ? undefined : start("Reshape", { x }, { shape });
  if (y === undefined) return x.reshape([...shape]) as T;
  if (isTaping()) {
    const gradient = (dy: tf.Tensor) => ({ x: () => inShape(dy, from) });
    engine().addTapeNode("StitchbookReshape", { x }, [y as tf.Tensor], gradient, [], {});
  }
  return y as T;
}

/** Whether tfjs is recording operations for a gradient. */
export function isTaping(): boolean {
  const { gradientDepth, kernelDepth } = tf.engine().state;
  return gradientDepth > 0 && kernelDepth === 0;
}

/** The kernel's results, not yet taped; undefined if the engine has to run it. */
function start(name: string, inputs: Inputs, attrs: Attributes): tf.Tensor | tf.Tensor[] | undefined {
  const { backendName, backend, state } = engine();
  const kernel = tf.getKernel(name, backendName);
  if (kernel === undefined || isWatched(state)) return undefined;
  state.kernelDepth++;
  try {
    const made = kernel.kernelFunc({
      inputs: inputs as tf.NamedTensorInfoMap,
      attrs: attrs as tf.NamedAttrMap,
      backend,
    });
    const tensorOf = (info: tf.TensorInfo) => engine().makeTensorFromTensorInfo(info);
    return Array.isArray(made) ? made.map(tensorOf) : tensorOf(made);
  } finally {
    state.kernelDepth--;
  }
}

/** Whether tfjs was asked to inspect each kernel's result. */
function isWatched({ profiling }: Engine["state"]): boolean {
  return profiling || tf.env().getBool("DEBUG") || tf.env().getBool("IS_TEST");
}

/** The tensors that a kernel's gradient needs; the backward pass disposes them. */
function savedFor(name: string, inputs: Inputs, outputs: readonly tf.Tensor[]): tf.Tensor[] {
  const config = tf.getGradient(name);
  if (config === undefined) return [];
  const named = inputs as Readonly<Record<string, tf.Tensor>>;
  const { saveAllInputs, inputsToSave = [], outputsToSave = [] } = config;
  const wanted = saveAllInputs ? Object.values(named) : inputsToSave.map((input) => named[input]!);
  return [...wanted, ...outputs.filter((_, i) => outputsToSave[i])].map(kept);
}

/** Another tensor that shares the values and that no scope disposes. */
export function kept({ dataId, dtype, shape }: tf.TensorInfo): tf.Tensor {
  const { backend } = engine();
  backend.incRef(dataId);
  return tf.keep(engine().makeTensorFromTensorInfo({ dataId, dtype, shape }));
}
