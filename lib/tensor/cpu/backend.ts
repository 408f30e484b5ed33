// The tfjs backend that keeps its tensors in one shared memory. Stock kernels read and write values as on the stock
// `cpu` backend; ours take addresses.
import * as tf from "@tensorflow/tfjs";
import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import { UserError } from "../../errors.ts";
import { Entry, type Values } from "./entry.ts";
import type { Block } from "./machine/heap.ts";
import type { Machine } from "./machine/machine.ts";

/** Bytes that are read at once; a multiple of a number's. */
const PIECE_BYTES = 4 << 20;

/** Name under which the backend and its kernels are registered. */
export const CPU_BACKEND = "stitchbook-cpu";

type Kept = MathBackendCPU["data"] extends tf.DataStorage<infer Data> ? Data : never;

/** tfjs's storage by data id. An entry that is its own id needs no lookup, and those were most of a step's. */
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

/** An output of one of our kernels: what tfjs gets, and where to write its values. */
export interface Output {
  readonly info: tf.TensorInfo;
  readonly address: number;
}

export class StitchbookCPU extends MathBackendCPU {
  override data: Storage;
  readonly machine: Machine;
  #nextId = 0;
  #running = 0;
  /** Outputs of the running kernels, the innermost kernel's last. */
  readonly #outputs: Entry[] = [];
  /** Scratch memory of the running kernels. */
  readonly #scratch: Block[] = [];

  constructor(machine: Machine) {
    super();
    this.data = new Storage(this, tf.engine());
    this.machine = machine;
  }

  /** Keeps values without a copy, except views of the shared memory, whose block may be freed at any time. */
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

  /** A copy of values in the shared memory; values made by a stock kernel are returned without a copy, as in tfjs. */
  override readSync(dataId: object): Values {
    this.#beginUnlessRunning();
    const entry = this.data.get(dataId);
    return entry instanceof Entry ? unshared(entry.values) : super.readSync(dataId);
  }

  override disposeData(dataId: object, force = false): boolean {
    const entry = this.data.has(dataId) ? this.data.get(dataId) : undefined;
    if (!(entry instanceof Entry)) return super.disposeData(dataId, force);
    entry.refCount--;
    if (!force && entry.refCount > 0) return false;
    this.data.delete(dataId);
    entry.free();
    if (entry.aside !== undefined) this.machine.heap.free(entry.aside);
    return true;
  }

  override dispose(): void {
    this.machine.close();
  }

  /** Runs a kernel; if it fails, frees the outputs that it has allocated. */
  attempt<Call, Made>(kernel: (call: Call) => Made, call: Call): Made {
    const outputs = this.#outputs.length;
    const scratch = this.#scratch.length;
    this.#beginUnlessRunning();
    this.#running++;
    try {
      return kernel(call);
    } catch (error) {
      for (let i = outputs; i < this.#outputs.length; i++) this.disposeData(this.#outputs[i]!, true);
      throw error;
    } finally {
      this.#running--;
      this.#outputs.length = outputs;
      for (let i = scratch; i < this.#scratch.length; i++) this.machine.heap.free(this.#scratch[i]!);
      this.#scratch.length = scratch;
    }
  }

  /** A new output of the running kernel, in the memory, with values still to be written. */
  output(shape: number[], dtype: "float32" | "int32" = "float32"): Output {
    const size = tf.util.sizeFromShape(shape);
    const block = this.machine.heap.allocate(size * 4);
    const entry = new Entry(dtype, block, size, this.machine);
    this.data.add(entry);
    this.#outputs.push(entry);
    return { info: { dataId: entry, shape, dtype }, address: block.address };
  }

  /**
   * Lets what the running kernel has used so far be moved out of the shared memory: for a kernel that takes its inputs one
   * after another, because all of them may be too large. Addresses from before are void.
   */
  letGo(): void {
    this.machine.residents.begin();
  }

  #beginUnlessRunning(): void {
    if (this.#running === 0) this.letGo();
  }

  /** Declares a tensor's values constant until it is disposed. */
  holdConstant(tensor: tf.TensorInfo): void {
    this.#beginUnlessRunning();
    this.address(tensor);
    (this.data.get(tensor.dataId) as unknown as Entry).holdConstant();
  }

  /**
   * A tensor of values that are read piece by piece: `read` fills the bytes from byte `begin` on.
   *
   * @param unit what the bytes of a piece are a multiple of
   */
  filled(
    shape: number[],
    dtype: "float32" | "int32",
    read: (into: Uint8Array<ArrayBuffer>, begin: number) => void,
    unit = 4,
  ): tf.TensorInfo {
    return this.attempt(() => {
      const { info, address } = this.output(shape, dtype);
      const bytes = this.machine.view(Uint8Array, address, 4 * tf.util.sizeFromShape(shape));
      const piece = new Uint8Array(Math.min(Math.max(1, Math.floor(PIECE_BYTES / unit)) * unit, bytes.length));
      for (let at = 0; at < bytes.length; at += piece.length) {
        const part = piece.subarray(0, bytes.length - at);
        read(part, at);
        bytes.set(part, at);
      }
      return info;
    }, undefined);
  }

  /** Address of scratch memory for the running kernel, freed when the kernel returns or fails. */
  scratch(bytes: number): number {
    const block = this.machine.heap.allocate(bytes);
    this.#scratch.push(block);
    return block.address;
  }

  /**
   * Address of a tensor's values in the memory; values made by a stock kernel are copied into it first.
   *
   * @throws UserError `tensor.disposed`, `tensor.dtype`
   */
  address(tensor: tf.TensorInfo, wanted: "float32" | "int32" = "float32"): number {
    const { dataId, dtype, shape } = tensor;
    if (dtype !== wanted) {
      throw new UserError(
        "tensor.dtype",
        `Expected a tensor of type ${wanted}, but one of shape [${shape}] is ${dtype}`,
      );
    }
    if (!this.data.has(dataId)) {
      if ((tensor as tf.Tensor).isDisposed) {
        throw new UserError("tensor.disposed", `Cannot use a tensor of shape [${shape}]: it has been disposed`);
      }
      this.data.get(dataId); // makes tfjs move it here from another backend
    }
    const entry = this.data.get(dataId) as unknown;
    if (entry instanceof Entry) return entry.address;
    const { values, refCount } = entry as { values: ArrayLike<number>; refCount: number };
    const block = this.machine.heap.allocate(values.length * 4);
    const moved = new Entry(wanted, block, values.length, this.machine);
    moved.refCount = refCount;
    (moved.values as Float32Array).set(values); // after all waiting jobs: one of them may still use the block
    this.data.set(dataId, moved as never);
    return block.address;
  }

  /** Values as a stock kernel sees them; not to be kept. */
  valuesOf(tensor: tf.TensorInfo): ArrayLike<number> {
    return this.data.get(tensor.dataId).values as unknown as ArrayLike<number>;
  }

  /** Values that were never in the memory, so that no job must finish first; undefined for others. */
  hostValues(tensor: tf.TensorInfo): ArrayLike<number> | undefined {
    if (!this.data.has(tensor.dataId)) return undefined;
    const entry = this.data.get(tensor.dataId) as unknown;
    return entry instanceof Entry ? undefined : (entry as { readonly values: ArrayLike<number> }).values;
  }

  /** Keeps a block for the gradient; it is freed with the output. */
  keepAside(output: tf.TensorInfo, block: Block): void {
    (this.data.get(output.dataId) as unknown as Entry).aside = block;
  }

  /** The block kept with a tensor's values, if they are still where the kernel wrote them. */
  aside(tensor: tf.TensorInfo): Block | undefined {
    const entry = this.data.get(tensor.dataId) as unknown;
    return entry instanceof Entry ? entry.aside : undefined;
  }

  /** An input as an output: another tensor that shares its values. */
  shared({ dataId, shape, dtype }: tf.TensorInfo): tf.TensorInfo {
    this.incRef(dataId);
    return { dataId, shape, dtype };
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
