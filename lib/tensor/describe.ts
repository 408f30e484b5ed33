// What this machine could compute with, for a person to read.
import { type BlasLibrary, findBlas } from "./blas.ts";
import { NATIVE_NAMES, type NativeLevel, nativeLevels, simdLevel } from "./cpu/mod.ts";
import { type AdapterDescription, describeAdapter, findAdapter, usedFeatures } from "./webgpu/open.ts";

/** What was found on this machine. */
export interface DeviceDescription {
  readonly cores: number;
  /** `relaxed` has fused multiply-add. */
  readonly simd: "relaxed" | "simd";
  /** The WebGPU adapter, if any, and which features our programs use on it; a software one is only good for checking. */
  readonly adapter: (AdapterDescription & { readonly features: readonly string[] }) | undefined;
  /** Our native kernels for matrix products that run here, the best first; need `--allow-ffi`. */
  readonly native: readonly { readonly level: NativeLevel; readonly name: string }[];
  /** The BLAS of the system, if any; needs `--allow-ffi`. */
  readonly blas: BlasLibrary | undefined;
}

/** Looks what devices this machine has; opens none but to see its features. */
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
