// The WebGPU device: made by us, so that its limits are ours and its loss does not go unseen.
import * as tf from "@tensorflow/tfjs";
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { UserError } from "../../errors.ts";

const HINT = "Use --device cpu, or install a Vulkan, Metal or Direct3D driver for the graphics card";

/** What an adapter says of itself. */
export interface AdapterDescription {
  readonly name: string;
  /** Whether it computes on the CPU: good for checking kernels, never for running on. */
  readonly software: boolean;
}

/** The machine's best adapter, or undefined. */
export async function findAdapter(): Promise<GPUAdapter | undefined> {
  // wgpu's Vulkan loader prints two lines when this is unset; an empty value that is set keeps it silent
  if (Deno.build.os === "linux" && Deno.env.get("XDG_RUNTIME_DIR") === undefined) {
    Deno.env.set("XDG_RUNTIME_DIR", "/tmp");
  }
  return await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" }) ?? undefined;
}

/** The machine's best adapter if it is a real one. */
export async function realAdapter(): Promise<GPUAdapter | undefined> {
  const adapter = await findAdapter();
  return adapter === undefined || describeAdapter(adapter).software ? undefined : adapter;
}

export function describeAdapter(adapter: GPUAdapter): AdapterDescription {
  const { vendor, architecture, device, description } = adapter.info;
  const name = description || device || [vendor, architecture].filter(Boolean).join(" ") || "unnamed adapter";
  const fallback = (adapter.info as { isFallbackAdapter?: boolean }).isFallbackAdapter === true;
  return { name, software: fallback || /llvmpipe|lavapipe|swiftshader|software|basic render/i.test(name) };
}

/**
 * Makes a device with the adapter's own limits and makes it tfjs's current backend.
 *
 * @throws UserError `device.absent`
 */
export async function openWebGpu(): Promise<
  { readonly description: string; readonly failure: Promise<Error>; close(): Promise<void> }
> {
  const adapter = await findAdapter();
  if (adapter === undefined) throw new UserError("device.absent", "This machine has no WebGPU adapter", HINT);
  const { name, software } = describeAdapter(adapter);
  const device = await requestDevice(adapter);
  const failure = new Promise<Error>((resolve) => {
    device.lost.then(({ message, reason }) => resolve(new Error(`The WebGPU device was lost (${reason}): ${message}`)));
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      resolve(new Error(`WebGPU reported an error: ${(event as GPUUncapturedErrorEvent).error.message}`));
    });
  });
  const info = adapter.info as unknown as ConstructorParameters<typeof WebGPUBackend>[1];
  unregister(); // the package registers a factory of its own, which would make a device that we don't see
  tf.registerBackend("webgpu", () => new WebGPUBackend(device as never, info), 0);
  const switched = await tf.setBackend("webgpu");
  if (!switched || (tf.backend() as Partial<WebGPUBackend>).device !== device as unknown) {
    throw new UserError("device.absent", `tfjs could not start on the WebGPU adapter ${name}`, HINT);
  }
  return {
    description: `WebGPU, ${name}${software ? " (software)" : ""}`,
    failure,
    close() {
      unregister();
      return Promise.resolve();
    },
  };
}

function unregister(): void {
  if (tf.findBackendFactory("webgpu") != null) tf.removeBackend("webgpu");
}

async function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const wanted = ["timestamp-query", "shader-f16"] as const;
  const { limits } = adapter;
  return await adapter.requestDevice({
    requiredFeatures: wanted.filter((feature) => adapter.features.has(feature)),
    requiredLimits: {
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxBufferSize: limits.maxBufferSize,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    },
  });
}
