// What the CPU backend keeps for a tensor's values in the shared memory.
import type * as tf from "@tensorflow/tfjs";
import type { Block } from "./machine/heap.ts";
import type { Machine } from "./machine/machine.ts";
import type { Resident } from "./machine/residents.ts";

export type Values = tf.backend_util.BackendValues;

/**
 * What the backend keeps for one data id, in the shape of tfjs's TensorData. Outputs of our kernels are their own ids.
 * A large one may be moved out of the shared memory; then its address changes, so that it is asked for at each use.
 */
export class Entry implements Resident {
  refCount = 1;
  /** The storage that holds it as its own data id. */
  home: object | undefined;
  /** What a kernel keeps for its gradient; freed with the values. */
  aside: Block | undefined;
  outside: number | undefined;
  used = 0;
  readonly #machine: Machine;
  readonly #length: number;
  readonly #canLeave: boolean;
  #values: Values | undefined;
  #isConstant = false;

  constructor(readonly dtype: tf.DataType, public block: Block, length: number, machine: Machine) {
    this.#machine = machine;
    this.#length = length;
    this.#canLeave = machine.residents.canHold(block);
    if (this.#canLeave) machine.residents.add(this);
  }

  /** Where the values are in the shared memory, until another operation begins. */
  get address(): number {
    if (this.#canLeave) this.#machine.residents.use(this);
    return this.block.address;
  }

  /** A view of the memory, made when a stock kernel asks for it. */
  get values(): Values {
    this.#machine.finish();
    const Type = this.dtype === "int32" ? Int32Array : Float32Array;
    const { address } = this;
    return this.#values ??= this.#machine.view<Values>(Type, address, this.#length);
  }

  /** Declares that the values do not change any more. */
  holdConstant(): void {
    this.#isConstant = true;
    this.#machine.constants.hold(this.address);
  }

  free(): void {
    const { residents, constants, heap } = this.#machine;
    if (this.outside === undefined) constants.forget(this.block.address);
    if (this.#canLeave) residents.remove(this);
    else heap.free(this.block);
  }

  leave(): void {
    this.#machine.constants.forget(this.block.address);
    this.#values = undefined;
  }

  arrive(): void {
    if (this.#isConstant) this.#machine.constants.hold(this.block.address);
  }
}
