// Opens WebGPU devices ourselves, to set their limits and to notice when they are lost.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../errors.ts";
import { StitchbookWebGPU, WEBGPU_BACKEND } from "./backend.ts";
import { featureNames } from "./features.ts";
import { registerKernels } from "./mod.ts";
import { probeFeatures } from "./probe.ts";

const HINT = "Use --device cpu, or install a Vulkan, Metal or Direct3D 12 driver for the graphics card";

/** What the environment should say on Linux, unless it says something else. */
const LINUX = {
  // The Vulkan loader prints warnings without it.
  XDG_RUNTIME_DIR: "/tmp",
  // Otherwise Deno also loads libEGL, whose clean-up and that of ending threads sometimes free the same memory: the
  // process then aborts at its exit (double free). Our programs need Vulkan anyway.
  DENO_WEBGPU_BACKEND: "vulkan",
} as const;

/** An adapter, described. */
export interface AdapterDescription {
  readonly name: string;
  /** Whether it computes on the CPU: for checking kernels, not for running. */
  readonly software: boolean;
}

/** Finds an adapter: the machine's own, or another one in tests. */
export type AdapterSource = () => Promise<GPUAdapter | undefined>;

/** The machine's best adapter, or undefined. */
export async function findAdapter(): Promise<GPUAdapter | undefined> {
  if (Deno.build.os === "linux") {
    for (const [name, value] of Object.entries(LINUX)) {
      if (Deno.env.get(name) === undefined) Deno.env.set(name, value);
    }
  }
  return await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" }) ?? undefined;
}

/** The best adapter, unless it is a software one. */
export async function realAdapter(find: AdapterSource = findAdapter): Promise<GPUAdapter | undefined> {
  const adapter = await find();
  return adapter === undefined || describeAdapter(adapter).software ? undefined : adapter;
}

export function describeAdapter(adapter: GPUAdapter): AdapterDescription {
  const { vendor, architecture, device, description } = adapter.info;
  const name = description || device || [vendor, architecture].filter(Boolean).join(" ") || "unnamed adapter";
  const fallback = (adapter.info as { isFallbackAdapter?: boolean }).isFallbackAdapter === true;
  return { name, software: fallback || /llvmpipe|lavapipe|swiftshader|software|basic render/i.test(name) };
}

/** For a person: the optional features that are used on this adapter; opens a device to probe them, and closes it. */
export async function usedFeatures(adapter: GPUAdapter): Promise<string[]> {
  const device = await requestBest(adapter, findAdapter).catch(() => undefined);
  if (device === undefined) return [];
  const names = featureNames(await probeFeatures(device, adapter.info));
  device.destroy();
  return names;
}

export interface WebGpuOptions {
  readonly adapter?: AdapterSource;
  /** Whether to refuse stock programs that add floats in no fixed order; ours never do. @default true */
  readonly deterministic?: boolean;
  /**
   * Whether to wait for each dispatch of a software adapter before the next one, so that a training step, which may take
   * minutes there, can be stopped. @default false
   */
  readonly waitsForDispatches?: boolean;
}

/** An open device. */
export interface WebGpu {
  readonly description: string;
  readonly backend: StitchbookWebGPU;
  /** For a person, before using it. */
  readonly warning: string | undefined;
  /** Settles with the reason if the device is lost or reports an uncaptured error. */
  readonly failure: Promise<Error>;
  heapBytes(): { readonly used: number; readonly reserved: number };
  close(): Promise<void>;
}

/**
 * Opens a device with the adapter's own limits and makes it tfjs's current backend.
 *
 * @throws UserError `device.absent`
 */
export async function openWebGpu(options: WebGpuOptions = {}): Promise<WebGpu> {
  const { adapter: find = findAdapter, deterministic = true } = options;
  const adapter = await find();
  if (adapter === undefined) throw new UserError("device.absent", "This machine has no WebGPU adapter", HINT);
  const { name, software } = describeAdapter(adapter);
  const device = await requestBest(adapter, find).catch((error: Error) => {
    throw new UserError("device.absent", `The WebGPU adapter ${name} could not open a device: ${error.message}`, HINT);
  });
  const features = await probeFeatures(device, adapter.info);
  let closed = false;
  const failure = new Promise<Error>((resolve) => {
    device.lost.then(({ message, reason }) => {
      if (!closed) resolve(new Error(`The WebGPU device was lost (${reason}): ${message}`));
    });
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      resolve(failureOf((event as GPUUncapturedErrorEvent).error));
    });
  });
  registerKernels();
  unregister(); // the package's own factory would open a device that we do not see
  const backend = new StitchbookWebGPU(device, adapter.info, {
    deterministic,
    features,
    waitsForDispatches: software && options.waitsForDispatches === true,
  });
  tf.registerBackend(WEBGPU_BACKEND, () => backend, 0);
  const switched = await tf.setBackend(WEBGPU_BACKEND);
  if (!switched || tf.backend() !== backend as unknown) {
    throw new UserError("device.absent", `tfjs cannot use the WebGPU adapter ${name}`, HINT);
  }
  return {
    description: [`WebGPU, ${name}${software ? " (software)" : ""}`, ...featureNames(features)].join(", "),
    backend,
    warning: software ? softwareWarning(name) : undefined,
    failure,
    heapBytes() {
      const { numBytesInGPU, numBytesAllocatedInGPU } = backend.memory();
      return { used: numBytesInGPU, reserved: numBytesAllocatedInGPU };
    },
    close() {
      if (!closed) {
        closed = true;
        if (tf.findBackend(WEBGPU_BACKEND) as unknown === backend) unregister();
        device.destroy();
      }
      return Promise.resolve();
    },
  };
}

function softwareWarning(name: string): string {
  return `The WebGPU adapter is ${name}, which computes on the CPU. It is for checking kernels, not for running: use ` +
    "--device cpu, which is many times faster";
}

function failureOf(error: GPUError): Error {
  if (!(error instanceof GPUOutOfMemoryError)) return new Error(`WebGPU reported an error: ${error.message}`);
  return new UserError(
    "device.memory",
    `The WebGPU device is out of memory: ${error.message}`,
    "Use a smaller batch or a shorter sequence, or let layers be recomputed in the backward pass",
  );
}

function unregister(): void {
  if (tf.findBackendFactory(WEBGPU_BACKEND) != null) tf.removeBackend(WEBGPU_BACKEND);
}

/** A device with the features our programs can use. Deno's adapters have subgroups without listing them. */
async function requestBest(adapter: GPUAdapter, find: AdapterSource): Promise<GPUDevice> {
  const halves: GPUFeatureName[] = adapter.features.has("shader-f16") ? ["shader-f16"] : [];
  try {
    return await requestDevice(adapter, [...halves, "subgroups" as GPUFeatureName]);
  } catch {
    // a failed request consumes the adapter
    return await requestDevice(await find() ?? adapter, halves);
  }
}

/** A device with the adapter's own limits and these features. */
export async function requestDevice(
  adapter: GPUAdapter,
  features: readonly GPUFeatureName[] = [],
): Promise<GPUDevice> {
  const { limits } = adapter;
  return await adapter.requestDevice({
    // timestamp-query is for profiling
    requiredFeatures: [...(adapter.features.has("timestamp-query") ? ["timestamp-query" as const] : []), ...features],
    requiredLimits: {
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
      maxBufferSize: limits.maxBufferSize,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    },
  });
}
