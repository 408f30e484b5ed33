// Which backend the tensors live on.
import * as tf from "@tensorflow/tfjs";
import { type DeviceName, DEVICES, MOST_THREADS } from "../device-names.ts";
import { UserError } from "../errors.ts";
import { type Machine, NATIVE_NAMES, openCpu, PRODUCTS, type Products, StitchbookCPU } from "./cpu/mod.ts";
import { type AdapterSource, openWebGpu, realAdapter } from "./webgpu/open.ts";

export { type DeviceName, DEVICES } from "../device-names.ts";

/** An open device; tfjs's current backend is the one it names. */
export interface Device {
  readonly name: "webgpu" | "cpu" | "reference";
  /** For a person: what computes, with how many threads or on which adapter. */
  readonly description: string;
  /**
   * What decides the last bits of its results: backend, vector instructions, library. Two devices with the same string
   * give the same bytes for the same work; it is part of the key under which results are cached.
   */
  readonly numerics: string;
  /** The module that opens it: what it imports decides the results, too. */
  readonly code: { readonly url: string };
  readonly threads: number;
  /** What a person should know before using it. */
  readonly warning?: string;
  /** Calls this when the device compiles its first kernel, which makes the first step slow; on some devices never. */
  onFirstCompile(callback: () => void): void;
  /** Settles with the reason if the device is lost or one of its threads dies; never rejects. */
  readonly failure: Promise<Error>;
  /** Bytes that tensors hold and bytes reserved for them, where the backend can tell. */
  heapBytes(): { readonly used: number; readonly reserved: number } | undefined;
  /** Counts the most bytes that tensors hold at once from now on, where the backend can tell. */
  watchPeak(): () => number | undefined;
  /** Ends its threads; tensors on it are gone. */
  close(): Promise<void>;
}

export interface DeviceOptions {
  /** Threads of the `cpu` device, this one included. @default the number of cores */
  readonly threads?: number;
  /**
   * Most bytes that the shared memory of the `cpu` device may grow to, at least 16 MiB; what stock operations make lies
   * outside of it until one of ours reads it. @default 4 GiB less a page
   */
  readonly memoryLimit?: number;
  /**
   * What computes matrix products of the `cpu` device: our native kernels (`amx`, `avx512`, `avx2`; Linux on x86-64), the system's
   * `blas`, or our WebAssembly kernels (`wasm`); all but the last need `--allow-ffi`. Results may depend on which, and
   * never on the number of threads. @default `STITCHBOOK_PRODUCTS`, else the first that is there
   */
  readonly products?: Products;
  /** Where the `webgpu` device comes from. @default the machine's best adapter */
  readonly adapter?: AdapterSource;
  /**
   * Whether the `webgpu` device refuses stock tfjs operations that add floats in no fixed order, so that equal runs give
   * equal bytes. @default true
   */
  readonly deterministic?: boolean;
  /** Whether the `webgpu` device, on a software adapter, waits for each kernel before the next one. @default false */
  readonly waitsForDispatches?: boolean;
}

export { PRODUCTS, type Products } from "./cpu/mod.ts";

let open: Device | undefined;

/**
 * Opens a device and makes it tfjs's current backend; one that was open before is closed.
 *
 * @throws UserError `device.absent` and `device.products` for what is asked for by name and not there, `device.threads`
 */
export async function openDevice(name: DeviceName, options: DeviceOptions = {}): Promise<Device> {
  checkOptions(name, options);
  await open?.close();
  const device = name === "webgpu" || (name === "auto" && await realAdapter(options.adapter) !== undefined)
    ? await openWebGpuDevice(options)
    : name === "reference"
    ? await openReference()
    : await openCpuDevice(options);
  open = device;
  return device;
}

/** What the memory begins with. */
const LEAST_MEMORY = 16 << 20;

function checkOptions(name: DeviceName, { threads, memoryLimit, products }: DeviceOptions): void {
  if (!DEVICES.includes(name)) {
    throw new UserError("device.name", `There is no device "${name}": expected ${DEVICES.join(", ")}`);
  }
  if (products !== undefined && !PRODUCTS.includes(products)) {
    throw new UserError("device.products", `products is "${products}": expected ${PRODUCTS.join(", ")}`);
  }
  if (memoryLimit !== undefined && !(memoryLimit >= LEAST_MEMORY)) {
    throw new UserError(
      "device.memory",
      `memoryLimit must be a number of bytes of at least ${LEAST_MEMORY} (16 MiB), not ${memoryLimit}`,
    );
  }
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS)) {
    throw new UserError("device.threads", `threads must be an integer from 1 to ${MOST_THREADS}, not ${threads}`);
  }
}

/** Bytes that the open device's tensors hold and bytes reserved for them; undefined where the backend can't tell. */
export function heapBytes(): { readonly used: number; readonly reserved: number } | undefined {
  return open?.heapBytes();
}

/**
 * Says that a tensor's values stay as they are until it is disposed, as a frozen model's do: what a backend makes of them
 * may be kept beside them.
 */
export function holdConstant(tensor: tf.Tensor): void {
  const backend = tf.backend();
  if (backend instanceof StitchbookCPU && tensor.dtype === "float32") {
    backend.machine.constants.hold(backend.address(tensor));
  }
}

/**
 * Counts the most bytes that the open device's tensors hold at once from now on; what it returns reads the count,
 * undefined where the backend can't tell. A second watch begins the count anew for the first one, too.
 */
export function watchPeak(): () => number | undefined {
  return open?.watchPeak() ?? unknownPeak;
}

const unknownPeak = () => undefined;

/** What decides the bytes beside the SIMD level: native kernels for AVX2 and AVX-512 give the same, those for AMX others. */
function numericsOf({ native, blas }: Machine): string {
  const products = native === undefined
    ? blas?.name
    : native.level === "amx"
    ? "own AMX kernels"
    : "own native kernels";
  return products === undefined ? "" : ` + ${products}`;
}

async function openCpuDevice(options: DeviceOptions): Promise<Device> {
  const { threads = navigator.hardwareConcurrency, memoryLimit, products: wanted } = options;
  const machine = await openCpu({
    threads,
    products: wanted,
    ...(memoryLimit === undefined ? {} : { limit: memoryLimit }),
  });
  const level = machine.simd === "relaxed" ? "relaxed SIMD" : "SIMD";
  const { native, blas } = machine;
  const products = native === undefined ? blas?.name : `own ${NATIVE_NAMES[native.level]} kernels`;
  return {
    name: "cpu",
    description: `CPU, ${machine.threads} ${machine.threads === 1 ? "thread" : "threads"}, ${level}` +
      (products === undefined ? "" : `, products by ${products}`),
    numerics: `cpu ${machine.simd === "relaxed" ? "relaxed-simd" : "simd"}${numericsOf(machine)}`,
    code: import.meta,
    threads: machine.threads,
    onFirstCompile: () => {},
    failure: machine.failure,
    heapBytes: () => ({ used: machine.heap.usedBytes(), reserved: machine.heap.reservedBytes() }),
    watchPeak() {
      machine.heap.forgetPeak();
      return machine.heap.peakBytes;
    },
    close: () => machine.close(),
  };
}

async function openReference(): Promise<Device> {
  // tfjs advertises its Node.js binding at a backend's first use; this tells it that it has.
  Object.assign(tf.findBackend("cpu"), { firstUse: false });
  await tf.setBackend("cpu");
  return {
    name: "reference",
    description: "stock tfjs on the CPU, 1 thread",
    numerics: "stock cpu",
    code: import.meta,
    threads: 1,
    onFirstCompile: () => {},
    failure: new Promise(() => {}),
    heapBytes: () => undefined,
    watchPeak: () => unknownPeak,
    close: () => Promise.resolve(),
  };
}

async function openWebGpuDevice(options: DeviceOptions): Promise<Device> {
  const { description, backend, warning, failure, heapBytes, close } = await openWebGpu(options);
  return {
    name: "webgpu",
    description,
    numerics: `webgpu ${description}`,
    code: import.meta,
    threads: 1,
    ...(warning === undefined ? {} : { warning }),
    onFirstCompile: (callback) => backend.onFirstCompile(callback),
    failure,
    heapBytes,
    watchPeak: () => unknownPeak,
    close,
  };
}
