// Gradients of a loss with respect to its variables, like `tf.variableGrads()`, except that the backward pass frees the
// tape as it goes: once an operation's gradient is computed, what the operation saved and its output's gradient go.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../errors.ts";
import { accumulate } from "./ops/accumulate.ts";

interface Node {
  readonly kernelName: string;
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly outputs: readonly tf.Tensor[];
  readonly saved: readonly tf.Tensor[];
  readonly gradient?: (dys: readonly (tf.Tensor | null)[]) => Readonly<Record<string, () => tf.Tensor>>;
}

interface TapingEngine {
  readonly state: { activeTape: Node[] | null; readonly gradientDepth: number };
  startTape(): void;
  endTape(): void;
}

/**
 * The value of `f` and its gradients, one per variable, in order; zeros for a variable that it does not depend on. As in
 * `tf.tidy()`, everything else that `f` creates is disposed.
 *
 * @param f not itself part of another gradient
 * @param variables float32
 * @throws UserError `tensor.shape` when `f` does not return a scalar
 */
export function variableGradients(
  f: () => tf.Scalar,
  variables: readonly tf.Variable[],
): { readonly value: tf.Scalar; readonly gradients: tf.Tensor[] } {
  return tf.tidy(() => {
    const { value, tape } = record(f);
    try {
      if (!(value instanceof tf.Tensor) || value.size !== 1) {
        const given = value instanceof tf.Tensor ? `a tensor of shape [${(value as tf.Tensor).shape}]` : String(value);
        throw new UserError("tensor.shape", `variableGradients() needs a function that returns a scalar, not ${given}`);
      }
      return { value, gradients: backward(tape, value, tf.onesLike(value), variables) };
    } finally {
      forget(tape);
    }
  });
}

/**
 * Gradients of `Σ dy ∘ f()`, one per tensor of `xs`, on a tape separate from the one whose backward pass needs them.
 *
 * @param dy float32, of the shape of `f`'s result; not changed
 * @param xs float32
 */
export function gradientsBeside(f: () => tf.Tensor, xs: readonly tf.Tensor[], dy: tf.Tensor): tf.Tensor[] {
  const { state } = tf.engine();
  const outer = state.activeTape;
  return tf.tidy(() => {
    try {
      const { value, tape } = record(f);
      try {
        return backward(tape, value, tf.clone(dy), xs);
      } finally {
        forget(tape);
      }
    } finally {
      state.activeTape = outer;
    }
  });
}

function record<T extends tf.Tensor>(f: () => T): { readonly value: T; readonly tape: readonly Node[] } {
  const engine = tf.engine() as unknown as TapingEngine;
  if (engine.state.gradientDepth > 0) throw new Error("variableGradients() cannot be part of another gradient");
  engine.startTape();
  const tape = engine.state.activeTape!;
  try {
    return { value: tf.tidy(f), tape };
  } catch (error) {
    forget(tape);
    throw error;
  } finally {
    engine.endTape();
    engine.state.activeTape = null;
  }
}

function forget(tape: readonly Node[]): void {
  tape.forEach(forgetSaved);
}

function forgetSaved({ saved }: Node): void {
  for (const tensor of saved) tensor.dispose();
}

function backward(tape: readonly Node[], value: tf.Tensor, dy: tf.Tensor, xs: readonly tf.Tensor[]): tf.Tensor[] {
  const wanted = dependents(tape, xs);
  const gradients = new Map<number, tf.Tensor>([[value.id, dy]]);
  for (let i = tape.length - 1; i >= 0; i--) {
    const node = tape[i]!;
    const dys = node.outputs.map(({ id }) => gradients.get(id) ?? null);
    const names = Object.keys(node.inputs).filter((name) => wanted.has(node.inputs[name]!.id));
    if (names.length > 0 && dys.some((dy) => dy !== null)) {
      const dxs = inputGradients(node, dys, names);
      names.forEach((name, j) => add(gradients, node.inputs[name]!.id, dxs[j]!));
    }
    for (const { id } of node.outputs) gradients.delete(id);
    for (const dy of dys) if (dy !== null && !isHeld(gradients, dy)) dy.dispose();
    forgetSaved(node);
  }
  return xs.map(({ id, shape }) => gradients.get(id) ?? tf.zeros(shape));
}

/** Ids of `xs` and of all tensors on the tape that depend on them. */
function dependents(tape: readonly Node[], xs: readonly tf.Tensor[]): ReadonlySet<number> {
  const ids = new Set(xs.map(({ id }) => id));
  for (const { inputs, outputs } of tape) {
    if (Object.values(inputs).some(({ id }) => ids.has(id))) { for (const { id } of outputs) ids.add(id); }
  }
  return ids;
}

function inputGradients(node: Node, dys: readonly (tf.Tensor | null)[], names: readonly string[]): tf.Tensor[] {
  if (node.gradient === undefined) throw new Error(`${node.kernelName} has no gradient`);
  return tf.tidy(() => {
    const functions = node.gradient!(dys);
    return names.map((name) => {
      const gradient = functions[name];
      if (gradient === undefined) throw new Error(`${node.kernelName} has no gradient of its input ${name}`);
      const dx = gradient();
      if (!tf.util.arraysEqual(dx.shape, node.inputs[name]!.shape)) {
        throw new Error(`${node.kernelName}'s gradient of ${name} [${node.inputs[name]!.shape}] is [${dx.shape}]`);
      }
      return node.saved.includes(dx) ? tf.clone(dx) : dx;
    });
  });
}

/** Adds to the gradient of a tensor; the sum replaces its terms. */
function add(gradients: Map<number, tf.Tensor>, id: number, dx: tf.Tensor): void {
  const before = gradients.get(id);
  if (before === undefined) {
    gradients.set(id, dx);
    return;
  }
  gradients.delete(id);
  // A term that serves elsewhere too stays as it is.
  const [sum, part] = [before, dx].map((term) => isHeld(gradients, term) || before === dx ? tf.clone(term) : term);
  gradients.set(id, accumulate(sum!, part!));
  if (before === dx) before.dispose();
}

/** Whether a tensor still serves as a gradient. */
function isHeld(gradients: ReadonlyMap<number, tf.Tensor>, tensor: tf.Tensor): boolean {
  for (const other of gradients.values()) if (other === tensor) return true;
  return false;
}
