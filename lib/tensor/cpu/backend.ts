// The tfjs backend whose tensors live in one shared memory. Stock kernels read and write its values as on the stock
// `cpu` backend; ours take addresses.
import * as tf from "@tensorflow/tfjs";
import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import { UserError } from "../../errors.ts";
import type { Block } from "./machine/heap.ts";
import type { Machine } from "./machine/machine.ts";

/** Name under which the backend and its kernels are registered. */
export const CPU_BACKEND = "stitchbook-cpu";

type Values = tf.backend_util.BackendValues;

/** What the backend keeps for one data id; the shape of tfjs's TensorData. What our kernels make is its own data id. */
class Entry {
  refCount = 1;
  /** Where it is kept as its own data id. */
  home: Storage | undefined;
  /** Goes with the values when they are freed: what a kernel keeps for its gradient. */
  aside: Block | undefined;
  #values: Values | undefined;
  readonly #machine: Machine;
  readonly #length: number;

  constructor(readonly dtype: tf.DataType, readonly block: Block, length: number, machine: Machine) {
    this.#machine = machine;
    this.#length = length;
  }

  /** A view of the memory, made when a stock kernel asks for it. */
  get values(): Values {
    this.#machine.finish();
    const Type = this.dtype === "int32" ? Int32Array : Float32Array;
    return this.#values ??= this.#machine.view<Values>(Type, this.block.address, this.#length);
  }
}

type Kept = MathBackendCPU["data"] extends tf.DataStorage<infer Data> ? Data : never;

/** tfjs's storage by data id, which is a look-up, and most of a step's: an entry that is its own id needs none. */
class Storage extends tf.DataStorage<Kept> {
  #own = 0;

  override get(id: object): Kept {
    return this.#owns(id) ? id as never : super.get(id);
  }

  override has(id: object): boolean {
    return this.#owns(id) || super.has(id);
  }

  /** Keeps an entry as its own id. */
  add(entry: Entry): void {
    entry.home = this;
    this.#own++;
  }

  override delete(id: object): boolean {
    if (!this.#owns(id)) return super.delete(id);
    id.home = undefined;
    this.#own--;
    return true;
  }

  override numDataIds(): number {
    return super.numDataIds() + this.#own;
  }

  #owns(id: object): id is Entry {
    return id instanceof Entry && id.home === this;
  }
}

/** An output of one of our kernels: what tfjs gets, and where its values are to be written. */
export interface Output {
  readonly info: tf.TensorInfo;
  readonly address: number;
}

export class StitchbookCPU extends MathBackendCPU {
  override data: Storage;
  readonly machine: Machine;
  #nextId = 0;
  /** Of the kernels that run now, the innermost's last. */
  readonly #outputs: Entry[] = [];
  readonly #scratch: Block[] = [];

  constructor(machine: Machine) {
    super();
    this.data = new Storage(this, tf.engine());
    this.machine = machine;
  }

  /** Takes values as they are; a view of the shared memory is copied, because its block will be freed on its own. */
  override write(values: Values, _shape: number[], dtype: tf.DataType): object {
    const dataId = { id: this.#nextId++ };
    this.data.set(dataId, { values: unshared(values), dtype, refCount: 1 });
    return dataId;
  }

  override move(dataId: object, values: Values, _shape: number[], dtype: tf.DataType, refCount: number): void {
    this.data.set(dataId, { values: unshared(values), dtype, refCount });
  }

  override read(dataId: object): Promise<Values> {
    return Promise.resolve(this.readSync(dataId));
  }

  /** A copy of what lies in the shared memory; values that a stock kernel made are given as they are, as tfjs does. */
  override readSync(dataId: object): Values {
    const entry = this.data.get(dataId);
    return entry instanceof Entry ? unshared(entry.values) : super.readSync(dataId);
  }

  override disposeData(dataId: object, force = false): boolean {
    const entry = this.data.has(dataId) ? this.data.get(dataId) : undefined;
    if (!(entry instanceof Entry)) return super.disposeData(dataId, force);
    entry.refCount--;
    if (!force && entry.refCount > 0) return false;
    this.data.delete(dataId);
    this.machine.constants.forget(entry.block.address);
    this.machine.heap.free(entry.block);
    if (entry.aside !== undefined) this.machine.heap.free(entry.aside);
    return true;
  }

  override dispose(): void {
    this.machine.close();
  }

  /** Runs a kernel. If it fails, its outputs are freed, which nobody got. */
  attempt<Call, Made>(kernel: (call: Call) => Made, call: Call): Made {
    const outputs = this.#outputs.length;
    const scratch = this.#scratch.length;
    try {
      return kernel(call);
    } catch (error) {
      for (let i = outputs; i < this.#outputs.length; i++) this.disposeData(this.#outputs[i]!, true);
      throw error;
    } finally {
      this.#outputs.length = outputs;
      for (let i = scratch; i < this.#scratch.length; i++) this.machine.heap.free(this.#scratch[i]!);
      this.#scratch.length = scratch;
    }
  }

  /** A new tensor of the kernel that runs, in the memory, its values not yet written. */
  output(shape: number[], dtype: "float32" | "int32" = "float32"): Output {
    const size = tf.util.sizeFromShape(shape);
    const block = this.machine.heap.allocate(size * 4);
    const entry = new Entry(dtype, block, size, this.machine);
    this.data.add(entry);
    this.#outputs.push(entry);
    return { info: { dataId: entry, shape, dtype }, address: block.address };
  }

  /** Address of scratch memory for the running kernel, freed when the kernel returns or fails. */
  scratch(bytes: number): number {
    const block = this.machine.heap.allocate(bytes);
    this.#scratch.push(block);
    return block.address;
  }

  /**
   * Where a tensor's values are in the memory; values that a stock kernel made are copied in.
   *
   * @throws UserError `tensor.disposed`, `tensor.dtype`
   */
  address(tensor: tf.TensorInfo, wanted: "float32" | "int32" = "float32"): number {
    const { dataId, dtype, shape } = tensor;
    if (dtype !== wanted) {
      throw new UserError("tensor.dtype", `A tensor of shape [${shape}] is ${dtype}, but ${wanted} is needed`);
    }
    if (!this.data.has(dataId)) {
      if ((tensor as tf.Tensor).isDisposed) {
        throw new UserError("tensor.disposed", `A tensor of shape [${shape}] is used after it was disposed`);
      }
      this.data.get(dataId); // tfjs moves it here from the backend that has it
    }
    const entry = this.data.get(dataId) as unknown;
    if (entry instanceof Entry) return entry.block.address;
    const { values, refCount } = entry as { values: ArrayLike<number>; refCount: number };
    const block = this.machine.heap.allocate(values.length * 4);
    const moved = new Entry(wanted, block, values.length, this.machine);
    moved.refCount = refCount;
    (moved.values as Float32Array).set(values); // after all jobs that wait, of which one may still use the block
    this.data.set(dataId, moved as never);
    return block.address;
  }

  /** Values as a stock kernel sees them: not to be kept. */
  valuesOf(tensor: tf.TensorInfo): ArrayLike<number> {
    return this.data.get(tensor.dataId).values as unknown as ArrayLike<number>;
  }

  /** Values that were never in the memory, so that nothing has to be waited for; undefined if they were. */
  hostValues(tensor: tf.TensorInfo): ArrayLike<number> | undefined {
    if (!this.data.has(tensor.dataId)) return undefined;
    const entry = this.data.get(tensor.dataId) as unknown;
    return entry instanceof Entry ? undefined : (entry as { readonly values: ArrayLike<number> }).values;
  }

  /** Keeps a block with an output for the gradient; it is freed with the output. */
  keepAside(output: tf.TensorInfo, block: Block): void {
    (this.data.get(output.dataId) as unknown as Entry).aside = block;
  }

  /** What was kept with a tensor's values, if they are still where they were made. */
  aside(tensor: tf.TensorInfo): Block | undefined {
    const entry = this.data.get(tensor.dataId) as unknown;
    return entry instanceof Entry ? entry.aside : undefined;
  }

  /** Whether no other tensor shares the values, so that they may be overwritten. */
  ownsAlone(tensor: tf.TensorInfo): boolean {
    return this.refCount(tensor.dataId) === 1;
  }
}

function unshared(values: Values): Values {
  const view = values as unknown as Float32Array;
  return view?.buffer instanceof SharedArrayBuffer ? view.slice() as unknown as Values : values;
}
