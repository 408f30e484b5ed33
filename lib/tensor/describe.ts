// The devices that this machine has, described for a person.
import { type BlasLibrary, findBlas } from "./blas.ts";
import { NATIVE_NAMES, type NativeLevel, nativeLevels, simdLevel } from "./cpu/mod.ts";
import { type AdapterDescription, describeAdapter, findAdapter, usedFeatures } from "./webgpu/open.ts";

/** What was found on this machine. */
export interface DeviceDescription {
  readonly cores: number;
  /** `relaxed` has fused multiply-add. */
  readonly simd: "relaxed" | "simd";
  /** The WebGPU adapter, if any, and the features that our programs use on it; a software one is only for checking. */
  readonly adapter: (AdapterDescription & { readonly features: readonly string[] }) | undefined;
  /** Our native kernels for matrix products that run here, best first; they need `--allow-ffi`. */
  readonly native: readonly { readonly level: NativeLevel; readonly name: string }[];
  /** The system's BLAS, if any; it needs `--allow-ffi`. */
  readonly blas: BlasLibrary | undefined;
}

/** Finds this machine's devices; a WebGPU adapter's device is opened briefly to probe its features. */
export async function describeDevices(): Promise<DeviceDescription> {
  const adapter = await findAdapter();
  return {
    cores: navigator.hardwareConcurrency,
    simd: simdLevel(),
    adapter: adapter && { ...describeAdapter(adapter), features: await usedFeatures(adapter) },
    native: (await nativeLevels()).map((level) => ({ level, name: NATIVE_NAMES[level] })),
    blas: await findBlas(),
  };
}
