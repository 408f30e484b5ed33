// Accelerators for plans, with the peak speed and memory that their manufacturers publish.
import { didYouMean, UserError } from "../errors.ts";

/** An accelerator. */
export interface Gpu {
  /** Name for `--gpu`. */
  readonly name: string;
  readonly title: string;
  /** Dense FLOP/s in bfloat16 with float32 accumulation: half of the "with sparsity" figures of data sheets. */
  readonly flops: number;
  /** Bytes of memory. */
  readonly bytes: number;
  /** The manufacturer's document. */
  readonly source: string;
}

const gpu = (name: string, title: string, teraflops: number, gigabytes: number, source: string): Gpu => ({
  name,
  title,
  flops: teraflops * 1e12,
  bytes: gigabytes * 1e9,
  source,
});

/** Newest and largest first, by manufacturer and class. */
export const GPUS: readonly Gpu[] = [
  gpu("b200", "NVIDIA B200 (HGX)", 2250, 180, "NVIDIA Blackwell datasheet: 4.5 PFLOP/s with sparsity"),
  gpu("h200", "NVIDIA H200 SXM", 989.5, 141, "NVIDIA H200 datasheet: 1,979 TFLOP/s with sparsity"),
  gpu("h100", "NVIDIA H100 SXM", 989.5, 80, "NVIDIA H100 datasheet: 1,979 TFLOP/s with sparsity"),
  gpu("h100-pcie", "NVIDIA H100 PCIe", 756.5, 80, "NVIDIA H100 PCIe datasheet: 1,513 TFLOP/s with sparsity"),
  gpu("a100", "NVIDIA A100 80GB", 312, 80, "NVIDIA A100 datasheet"),
  gpu("a100-40", "NVIDIA A100 40GB", 312, 40, "NVIDIA A100 datasheet"),
  gpu("l40s", "NVIDIA L40S", 362.05, 48, "NVIDIA L40S datasheet"),
  gpu("a10", "NVIDIA A10", 125, 24, "NVIDIA A10 datasheet"),
  gpu("l4", "NVIDIA L4", 121, 24, "NVIDIA L4 datasheet: 242 TFLOP/s with sparsity"),
  gpu("5090", "NVIDIA GeForce RTX 5090", 209.5, 32, "NVIDIA RTX Blackwell architecture paper"),
  gpu("4090", "NVIDIA GeForce RTX 4090", 165.2, 24, "NVIDIA Ada architecture paper"),
  gpu("3090", "NVIDIA GeForce RTX 3090", 71, 24, "NVIDIA Ampere GA102 architecture paper"),
  gpu("mi300x", "AMD Instinct MI300X", 1307.4, 192, "AMD Instinct MI300X data sheet"),
  gpu("mi250x", "AMD Instinct MI250X", 383, 128, "AMD Instinct MI250X data sheet"),
];

/**
 * Finds an accelerator by name.
 *
 * @throws UserError `plan.gpu` with the most similar name
 */
export function gpuNamed(name: string): Gpu {
  const found = GPUS.find((gpu) => gpu.name === name.toLowerCase());
  if (found !== undefined) return found;
  const names = GPUS.map(({ name }) => name);
  throw new UserError(
    "plan.gpu",
    `Unknown GPU "${name}": expected one of ${names.join(", ")}`,
    didYouMean(name, names, "--gpu "),
  );
}
