// The WASM kernels by number, in the order of assembly/dispatch.ts.

/** Name of each kernel. */
export const KERNEL_NAMES = [
  "pack",
  "gemm",
  "attention",
  "attentionGrad",
  "add",
  "sub",
  "mul",
  "scale",
  "fill",
  "swiglu",
  "swigluGrad",
  "dropout",
  "hubIntoExpert",
  "hubIntoExpertGrad",
  "addN",
  "sum",
  "squares",
  "adamW",
  "rmsNorm",
  "rmsNormGrad",
  "sumRows",
  "rope",
  "embedding",
  "embeddingGrad",
  "crossEntropy",
  "crossEntropyGrad",
  "expertsIntoHub",
  "expertsIntoHubGrad",
  "copyRows",
  "inner",
  "blas",
  "attentionBlas",
  "attentionBlasGrad",
  "unpackHalf",
  "packPanels",
  "tiles",
  "split",
  "amx",
] as const;

export type KernelName = typeof KERNEL_NAMES[number];

/** Number of each kernel. */
export const KERNEL = Object.fromEntries(KERNEL_NAMES.map((name, i) => [name, i])) as Readonly<
  Record<KernelName, number>
>;
