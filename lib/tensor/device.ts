// The device that tensors live on: opening one makes it tfjs's backend.
import * as tf from "@tensorflow/tfjs";
import { type DeviceName, DEVICES, MOST_THREADS } from "../device-names.ts";
import { UserError } from "../errors.ts";
import { type Machine, NATIVE_NAMES, openCpu, PRODUCTS, type Products, StitchbookCPU } from "./cpu/mod.ts";
import { type AdapterSource, openWebGpu, realAdapter } from "./webgpu/open.ts";

export { type DeviceName, DEVICES } from "../device-names.ts";

/** An open device; tfjs's current backend is the one it names. `await using` closes it. */
export interface Device extends AsyncDisposable {
  readonly name: "webgpu" | "cpu" | "reference";
  /** For a person: the hardware, with its threads or its adapter. */
  readonly description: string;
  /**
   * What the last bits of its results depend on: backend, vector instructions, library. Two devices with the same
   * string produce the same bytes for the same work; it is part of the key under which results are cached.
   */
  readonly numerics: string;
  /** The module that opens it: what it imports decides the results, too. */
  readonly code: { readonly url: string };
  readonly threads: number;
  /** What a person should know before using it. */
  readonly warning?: string;
  /** Sets what is called before the device compiles its first kernel; some devices compile none. */
  onFirstCompile(callback: () => void): void;
  /** Settles with the reason if the device is lost or one of its threads dies; never rejects. */
  readonly failure: Promise<Error>;
  /** Bytes that tensors hold and bytes reserved for them, where the backend knows. */
  heapBytes(): { readonly used: number; readonly reserved: number } | undefined;
  /** Most bytes that tensors may hold, where the backend knows. */
  readonly memoryLimit: number | undefined;
  /** Starts tracking peak tensor memory; the returned function reads the peak in bytes, where the backend knows. */
  watchPeak(): () => number | undefined;
  /** Ends its threads; its tensors are lost. */
  close(): Promise<void>;
}

export interface DeviceOptions {
  /** Threads of the `cpu` device, including this one. @default `STITCHBOOK_THREADS`, else the number of cores */
  readonly threads?: number;
  /**
   * Most bytes of tensors on the `cpu` device, at least 16 MiB. Results of stock operations do not count until one of our
   * operations reads them. @default the machine's memory on Linux with `--allow-ffi`, otherwise 4 GiB less a page
   */
  readonly memoryLimit?: number;
  /**
   * Most bytes of tensors that the `cpu` device's operations can address at once, at least 16 MiB; others are moved out of
   * the way until they are used. For tests. @default 4 GiB less a page
   */
  readonly windowLimit?: number;
  /**
   * What computes the `cpu` device's matrix products: our native kernels (`amx`, `avx512`, `avx2`; Linux on x86-64), the
   * system's `blas`, or our WebAssembly kernels (`wasm`); all but the last need `--allow-ffi`. Results may depend on this
   * choice, but never on the number of threads. @default `STITCHBOOK_PRODUCTS`, else the first one available
   */
  readonly products?: Products;
  /** Finds the adapter of the `webgpu` device. @default the machine's best adapter */
  readonly adapter?: AdapterSource;
  /**
   * Whether the `webgpu` device refuses stock tfjs operations that add floats in no fixed order, so that equal runs
   * produce equal bytes. @default true
   */
  readonly deterministic?: boolean;
  /** Whether the `webgpu` device, on a software adapter, waits for each kernel before the next one. @default false */
  readonly waitsForDispatches?: boolean;
}

export { PRODUCTS, type Products } from "./cpu/mod.ts";

let open: Device | undefined;

type OpenedDevice = Omit<Device, typeof Symbol.asyncDispose>;

/**
 * Opens a device and makes it tfjs's current backend, after closing the one that was open.
 *
 * @throws UserError `device.absent` and `device.products` when what is asked for by name is not available, `device.name`,
 * `device.memory`, `device.threads`
 */
export async function openDevice(name: DeviceName, options: DeviceOptions = {}): Promise<Device> {
  checkOptions(name, options);
  await open?.close();
  const opened = name === "webgpu" || (name === "auto" && await realAdapter(options.adapter) !== undefined)
    ? await openWebGpuDevice(options)
    : name === "reference"
    ? await openReference()
    : await openCpuDevice(options);
  const close = () => {
    if (open === device) open = undefined;
    return opened.close();
  };
  const device: Device = { ...opened, close, [Symbol.asyncDispose]: close };
  open = device;
  return device;
}

/** The device that is open, if there is one. */
export function openedDevice(): Device | undefined {
  return open;
}

/** The initial size. */
const LEAST_MEMORY = 16 << 20;

function checkOptions(name: DeviceName, { threads, memoryLimit, windowLimit, products }: DeviceOptions): void {
  if (!DEVICES.includes(name)) {
    throw new UserError("device.name", `There is no device "${name}": expected ${DEVICES.join(", ")}`);
  }
  if (products !== undefined && !PRODUCTS.includes(products)) {
    throw new UserError("device.products", `products is "${products}": expected ${PRODUCTS.join(", ")}`);
  }
  for (const [option, bytes] of Object.entries({ memoryLimit, windowLimit })) {
    if (bytes === undefined || bytes >= LEAST_MEMORY) continue;
    throw new UserError(
      "device.memory",
      `${option} must be a number of bytes of at least ${LEAST_MEMORY} (16 MiB), not ${bytes}`,
    );
  }
  if (threads !== undefined && !isThreadCount(threads)) {
    throw new UserError("device.threads", `threads must be an integer from 1 to ${MOST_THREADS}, not ${threads}`);
  }
}

const isThreadCount = (threads: number) => Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS;

/** Threads of the `cpu` device where nothing else is asked for. @throws UserError `device.threads` */
function defaultThreads(): number {
  const text = Deno.env.get("STITCHBOOK_THREADS");
  if (!text) return navigator.hardwareConcurrency;
  if (isThreadCount(Number(text))) return Number(text);
  throw new UserError(
    "device.threads",
    `STITCHBOOK_THREADS is "${text}": expected an integer from 1 to ${MOST_THREADS}`,
  );
}

/** Bytes that the open device's tensors hold and bytes reserved for them; undefined where the backend does not know. */
export function heapBytes(): { readonly used: number; readonly reserved: number } | undefined {
  return open?.heapBytes();
}

/**
 * Declares that a tensor's values will not change until it is disposed, like a frozen model's, so that a backend may
 * cache what it derives from them.
 */
export function holdConstant(tensor: tf.Tensor): void {
  const backend = tf.backend();
  if (backend instanceof StitchbookCPU && tensor.dtype === "float32") {
    backend.holdConstant(tensor);
  }
}

/**
 * Starts tracking the open device's peak tensor memory. The returned function reads the peak in bytes; undefined where
 * the backend does not know. Another call resets the peak for earlier callers, too.
 */
export function watchPeak(): () => number | undefined {
  return open?.watchPeak() ?? unknownPeak;
}

const unknownPeak = () => undefined;

/** What the bytes depend on besides the SIMD level: AVX2 and AVX-512 kernels agree with each other, AMX differs. */
function numericsOf({ native, blas }: Machine): string {
  const products = native === undefined
    ? blas?.name
    : native.level === "amx"
    ? "own AMX kernels"
    : "own native kernels";
  return products === undefined ? "" : ` + ${products}`;
}

async function openCpuDevice(options: DeviceOptions): Promise<OpenedDevice> {
  const { threads = defaultThreads(), memoryLimit, windowLimit, products: wanted } = options;
  const machine = await openCpu({
    threads,
    products: wanted,
    ...(memoryLimit === undefined ? {} : { limit: memoryLimit }),
    ...(windowLimit === undefined ? {} : { window: windowLimit }),
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
    memoryLimit: machine.heap.limit,
    watchPeak() {
      machine.heap.forgetPeak();
      return machine.heap.peakBytes;
    },
    close: () => machine.close(),
  };
}

async function openReference(): Promise<OpenedDevice> {
  // at a backend's first use tfjs advertises its Node.js binding, unless it has done so
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
    memoryLimit: undefined,
    watchPeak: () => unknownPeak,
    close: () => Promise.resolve(),
  };
}

async function openWebGpuDevice(options: DeviceOptions): Promise<OpenedDevice> {
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
    memoryLimit: undefined,
    watchPeak: () => unknownPeak,
    close,
  };
}
