// Public API of lib/tensor: fused operations and devices.
export { linear } from "./ops/linear.ts";
export { linears } from "./ops/linears.ts";
export { addLinear } from "./ops/add-linear.ts";
export { addSwigluLinear } from "./ops/add-swiglu-linear.ts";
export { normBranch } from "./ops/norm-branch.ts";
export { rmsNorm } from "./ops/rms-norm.ts";
export { rope, ropeFrequencies, type RopeTable, ropeTable, ropeTableOfRows } from "./ops/rope.ts";
export { causalAttention } from "./ops/causal-attention.ts";
export { cachedAttention, type CachedSequence } from "./ops/cached-attention.ts";
export { disposeKeyValues, forkKeyValues, type KeyValues, keyValues, keyValuesBytes } from "./ops/key-values.ts";
export { keysPerBlock, windowAttention } from "./ops/window-attention.ts";
export { swiglu } from "./ops/swiglu.ts";
export { embedding } from "./ops/embedding.ts";
export { crossEntropy } from "./ops/cross-entropy.ts";
export {
  linearCrossEntropy,
  type LinearPredictions,
  linearPredictions,
  logitsHeld,
  meanLinearCrossEntropy,
  topOf,
} from "./ops/linear-cross-entropy.ts";
export { inShape, interruptible, untaped } from "./kernels.ts";
export { recompute } from "./ops/recompute.ts";
export { checkRoom, freeMemory } from "./room.ts";
export { rowInvariant } from "./row-invariant.ts";
export { streamedTensor } from "./stream.ts";
export { HALF_ERROR, markBfloat16, packHalf, weightShape } from "./ops/half.ts";
export { PACKED_FORMATS, type PackedFormat } from "./packed-format.ts";
export { isPacked, type PackedMatrix, packedMatrix, unpackWeight } from "./ops/packed.ts";
export { encodedRows, packedBytes, packedTensor, type RowSource } from "./packed/tensor.ts";
export { stackPart } from "./packed/part.ts";
export { type Encoded, encodeQ8 } from "./packed/encode.ts";
export { fitsFormat, FORMAT_OF, holdsExactly, rowBytes, type RowType } from "./packed/panels.ts";
export { dropout } from "./ops/dropout.ts";
export { expertsIntoHub, expertsIntoHubGates, hubIntoExpert } from "./ops/stitch.ts";
export { variableGradients } from "./gradients.ts";
export { adamW, type AdamWSettings, type AdamWSlot } from "./ops/adam-w.ts";
export { gatherPlaces, globalNorm } from "./ops/observe.ts";
export {
  type Device,
  type DeviceName,
  type DeviceOptions,
  DEVICES,
  heapBytes,
  holdConstant,
  openDevice,
  openedDevice,
  PRODUCTS,
  type Products,
  watchPeak,
} from "./device.ts";
export { describeDevices, type DeviceDescription } from "./describe.ts";
export { describeAdapter, findAdapter, openWebGpu, requestDevice } from "./webgpu/open.ts";
export { TILINGS } from "./webgpu/product-code.ts";
export { multiply, planProduct, type Product, type ProductPlan } from "./webgpu/product.ts";
