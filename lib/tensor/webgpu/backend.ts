// The tfjs backend on a WebGPU device. Stock kernels work as on tfjs's own backend; ours are recorded into the same
// command buffers, so that both kinds run in the order of their calls.
import * as tf from "@tensorflow/tfjs";
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { UserError } from "../../errors.ts";
import { createPipelines, createUniformBuffers, type Pipelines, type UniformBuffers } from "./device-objects.ts";
import type { Features } from "./features.ts";
import { type BufferManager, watchFreeBuffers } from "./free-buffers.ts";
import { DISPATCHES_PER_SUBMISSION, record, recorderOf } from "./recorder.ts";
import { gridOf, type Program, type Scalar, uniformWords } from "./program.ts";

/** Name under which the backend and its kernels are registered. */
export const WEBGPU_BACKEND = "webgpu";

/** A tensor on this backend, which a launch can bind. */
type Info = tf.TensorInfo;

type StockProgram = Parameters<WebGPUBackend["runWebGPUProgram"]>[0];

export interface BackendOptions {
  /** Whether stock programs are refused that add floats with atomics, in no fixed order. */
  readonly deterministic: boolean;
  /** The device's features that programs use. */
  readonly features: Features;
  /** Whether to wait for each dispatch before the next one. */
  readonly waitsForDispatches: boolean;
}

export class StitchbookWebGPU extends WebGPUBackend {
  readonly deterministic: boolean;
  readonly limits: GPUSupportedLimits;
  readonly features: Features;
  /** Dispatches per command buffer. */
  readonly dispatchesPerSubmission: number;
  readonly #device: GPUDevice;
  readonly #pipelines: Pipelines;
  readonly #uniforms: UniformBuffers;
  readonly #attached = new Map<object, Map<string, Info>>();
  readonly #trim: () => void;
  readonly #waits: boolean;
  #onCompile = () => {};
  #running = "";

  constructor(
    device: GPUDevice,
    info: GPUAdapterInfo,
    { deterministic, features, waitsForDispatches }: BackendOptions,
  ) {
    super(device as never, info as never);
    this.#device = device;
    this.#pipelines = createPipelines(device, features);
    this.#uniforms = createUniformBuffers(device, () => this.#flush());
    this.limits = device.limits;
    this.features = features;
    this.deterministic = deterministic;
    this.#trim = watchFreeBuffers(this.bufferManager as unknown as BufferManager);
    this.#waits = waitsForDispatches;
    this.dispatchesPerSubmission = waitsForDispatches ? 1 : DISPATCHES_PER_SUBMISSION;
    tf.env().set("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE", this.dispatchesPerSubmission);
  }

  /** Number of our pipelines built so far. */
  get pipelineCount(): number {
    return this.#pipelines.count;
  }

  /** Sets what is called before the first of our programs is built. */
  onFirstCompile(callback: () => void): void {
    this.#onCompile = callback;
  }

  /** Runs `body`; errors in it name the operation. */
  within<T>(operation: string, body: () => T): T {
    const outer = this.#running;
    this.#running = operation;
    try {
      return body();
    } finally {
      this.#running = outer;
    }
  }

  /**
   * A new, uninitialized tensor on the device.
   *
   * @throws UserError `tensor.limit`
   */
  output(shape: readonly number[], dtype: "float32" | "int32" = "float32"): Info {
    this.#checkSize(shape);
    const info = this.makeTensorInfo([...shape], dtype);
    this.uploadToGPU(info.dataId);
    return info;
  }

  /** Frees a kernel's own temporary tensor; work already recorded may still use it. */
  release(info: Info): void {
    this.disposeData(info.dataId);
  }

  /**
   * Refuses a tensor that a kernel cannot read.
   *
   * @throws UserError `tensor.dtype`, `tensor.disposed`
   */
  check(tensor: Info, wanted: "float32" | "int32" = "float32"): void {
    const { dataId, dtype, shape } = tensor;
    if (dtype !== wanted) {
      throw new UserError("tensor.dtype", `A tensor of shape [${shape}] is ${dtype}, but must be ${wanted}`);
    }
    if (!this.tensorMap.has(dataId) && (tensor as tf.Tensor).isDisposed) {
      throw new UserError("tensor.disposed", `A tensor of shape [${shape}] was used after it was disposed`);
    }
    // stock casts to float may only relabel integers
    const { dtype: held } = this.tensorMap.get(dataId);
    if (wanted === "float32" && held !== wanted) throw new Error(`A float32 tensor [${shape}] holds ${held} numbers`);
  }

  /** A tensor's values if JavaScript still has them, as with a new batch; undefined if not. */
  hostValues({ dataId }: Info): ArrayLike<number> | undefined {
    if (!this.tensorMap.has(dataId)) return undefined;
    return (this.tensorMap.get(dataId).values as ArrayLike<number> | null | undefined) ?? undefined;
  }

  /**
   * Records one dispatch of a program of ours.
   *
   * @param tensors what the program reads, then what it writes
   * @param uniforms the program's uniforms, without `groups`
   * @param groups number of workgroups; 0 launches nothing
   * @throws UserError `tensor.limit`
   */
  launch(program: Program, tensors: readonly Info[], uniforms: readonly Scalar[], groups: number): void {
    if (groups === 0) return;
    const limit = this.limits.maxComputeWorkgroupsPerDimension;
    const grid = gridOf(groups, limit);
    if (grid === undefined) {
      throw this.#limitError(tensors, `${groups} workgroups`, `maxComputeWorkgroupsPerDimension ${limit}`);
    }
    const buffers = tensors.map((tensor) => this.#bufferOf(tensor));
    if (this.#pipelines.count === 0) this.#onCompile();
    const { pipeline, layout } = this.#pipelines.get(program);
    const entries = [...buffers, this.#uniforms.get(uniformWords([groups, ...uniforms]))]
      .map((buffer, binding) => ({ binding, resource: { buffer } }));
    const bindGroup = this.#device.createBindGroup({ layout, entries });
    for (const { dataId } of tensors) recorderOf(this).commandQueueOwnedIds.add(dataId);
    record(this, program.key, pipeline, bindGroup, grid);
  }

  #bufferOf({ dataId }: Info): GPUBuffer {
    this.tensorMap.get(dataId); // tfjs moves it here if another backend has it
    this.uploadToGPU(dataId);
    return this.tensorMap.get(dataId).resource as unknown as GPUBuffer;
  }

  override submitQueue(): void {
    super.submitQueue();
    // in Deno this call returns only once the work is done
    if (this.#waits) void (this.queue as unknown as GPUQueue).onSubmittedWorkDone();
    this.#trim();
  }

  #flush(): void {
    if (recorderOf(this).commandEncoder === null) return;
    this.endComputePassEncoder();
    this.submitQueue();
  }

  /**
   * Runs a stock program.
   *
   * @throws UserError `tensor.limit`; `webgpu.atomics` when the device is deterministic and the program is not
   */
  override runWebGPUProgram(program: StockProgram, ...rest: unknown[]): Info {
    const name = program.shaderKey.split("_")[0]!;
    const [, dtype] = rest as [Info[], tf.DataType];
    if (this.deterministic && program.atomic && dtype === "float32") {
      throw new UserError(
        "webgpu.atomics",
        `The stock WebGPU program ${name} adds floats in no fixed order, so two equal runs would differ`,
        "Use another operation, or open the device with { deterministic: false }",
      );
    }
    return this.within(this.#running || name, () => super.runWebGPUProgram(program, ...rest as [Info[], tf.DataType]));
  }

  /**
   * Gives a tensor its buffer, filled with its values if JavaScript has them.
   *
   * @throws UserError `tensor.limit`
   */
  override uploadToGPU(dataId: object): void {
    const { resource, shape } = this.tensorMap.get(dataId);
    if (resource === undefined || resource === null) this.#checkSize(shape);
    super.uploadToGPU(dataId);
  }

  #checkSize(shape: readonly number[]): void {
    const bytes = 4 * tf.util.sizeFromShape([...shape]);
    const { maxBufferSize, maxStorageBufferBindingSize } = this.limits;
    const most = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    if (bytes <= most) return;
    const name = maxBufferSize < maxStorageBufferBindingSize ? "maxBufferSize" : "maxStorageBufferBindingSize";
    throw this.#limitError([{ shape }], `${bytes} bytes in one tensor`, `${name} ${most}`);
  }

  #limitError(tensors: readonly { readonly shape: readonly number[] }[], what: string, limit: string): UserError {
    const shapes = tensors.map(({ shape }) => `[${shape}]`).join(", ");
    return new UserError(
      "tensor.limit",
      `${this.#running || "upload"}() on ${shapes} needs ${what}, more than this WebGPU device allows (${limit})`,
      "Use a smaller batch or a shorter sequence, or --device cpu",
    );
  }

  /** Reads a tensor without keeping a copy, which would take memory and be stale after an update in place. */
  override async read(dataId: object): Promise<tf.backend_util.BackendValues> {
    const values = await super.read(dataId);
    if (this.tensorMap.has(dataId)) {
      const entry = this.tensorMap.get(dataId);
      if (entry.resource !== undefined && entry.resource !== null) entry.values = null as never;
    }
    return values;
  }

  /** @throws UserError `webgpu.sync` unless JavaScript has the values: a device is read asynchronously */
  override readSync(dataId: object): tf.backend_util.BackendValues {
    const { values, shape } = this.tensorMap.get(dataId);
    if (values === null || values === undefined) {
      throw new UserError(
        "webgpu.sync",
        `A tensor of shape [${shape}] is on the WebGPU device, which cannot be read synchronously`,
        "Use `await tensor.data()` instead of `tensor.dataSync()`",
      );
    }
    return values;
  }

  /** Attaches a tensor to another's values for a later kernel; it is freed with them. */
  attach(owner: Info, name: string, info: Info): void {
    const kept = this.#attached.get(owner.dataId) ?? new Map<string, Info>();
    this.#attached.set(owner.dataId, kept.set(name, info));
  }

  /** The tensor attached to another's values under this name. */
  attached(owner: Info, name: string): Info | undefined {
    return this.#attached.get(owner.dataId)?.get(name);
  }

  override disposeData(dataId: object, force = false): boolean {
    const gone = super.disposeData(dataId, force);
    if (gone) this.#releaseAttached(dataId);
    return gone;
  }

  #releaseAttached(dataId: object): void {
    const kept = this.#attached.get(dataId);
    this.#attached.delete(dataId);
    for (const info of kept?.values() ?? []) this.release(info);
  }

  /**
   * Prepares a tensor for an update in place: a variable that shares its values gets its own copy, and JavaScript's copy
   * of the values and what is attached to them are dropped.
   */
  prepareUpdate(tensor: Info): void {
    if (this.refCount(tensor.dataId) > 1 && tensor instanceof tf.Variable) {
      tf.tidy(() => tensor.assign(tf.engine().makeTensorFromTensorInfo(this.#copy(tensor), this)));
    }
    this.#bufferOf(tensor);
    this.#releaseAttached(tensor.dataId);
    this.tensorMap.get(tensor.dataId).values = null as never;
  }

  #copy(tensor: Info): Info {
    const from = this.#bufferOf(tensor);
    const info = this.output(tensor.shape, tensor.dtype as "float32");
    this.ensureCommandEncoderReady();
    this.endComputePassEncoder();
    recorderOf(this).commandEncoder!.copyBufferToBuffer(from, 0, this.#bufferOf(info), 0, from.size);
    for (const { dataId } of [tensor, info]) recorderOf(this).commandQueueOwnedIds.add(dataId);
    return info;
  }

  override dispose(): void {
    this.#uniforms.clear();
    super.dispose();
  }
}
