// Records our dispatches into the command buffer that tfjs is recording.
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";

/** Dispatches per command buffer: submitting one costs about as much as several dispatches. */
export const DISPATCHES_PER_SUBMISSION = 64;

/** Private fields of tfjs that our launches use; `tests/tensor/webgpu-backend_test.ts` checks that they exist. */
interface Recorder {
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  commandQueueOwnedIds: WeakSet<object>;
  dispatchCountInPass: number;
  activeTimers: { name: string; query: Promise<number> }[] | undefined;
  querySet: GPUQuerySet | null;
  querySetCount: number;
  supportTimestampQuery: boolean;
}

export function recorderOf(backend: WebGPUBackend): Recorder {
  return backend as unknown as Recorder;
}

/** Records a dispatch, timed under this name if tfjs is timing, and submits the command buffer when it is long enough. */
export function record(
  backend: WebGPUBackend & { readonly dispatchesPerSubmission: number },
  name: string,
  pipeline: GPUComputePipeline,
  bindGroup: GPUBindGroup,
  grid: readonly [number, number, number],
): void {
  const recorder = recorderOf(backend);
  const timers = recorder.activeTimers ?? undefined;
  backend.ensureCommandEncoderReady();
  if (timers !== undefined && recorder.supportTimestampQuery) {
    backend.endComputePassEncoder();
    const device = backend.device as unknown as GPUDevice;
    recorder.querySet ??= device.createQuerySet({ type: "timestamp", count: recorder.querySetCount });
    const timestampWrites = { querySet: recorder.querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
    recorder.computePassEncoder = recorder.commandEncoder!.beginComputePass({ timestampWrites });
  } else {
    recorder.computePassEncoder ??= recorder.commandEncoder!.beginComputePass();
  }
  recorder.computePassEncoder.setPipeline(pipeline);
  recorder.computePassEncoder.setBindGroup(0, bindGroup);
  recorder.computePassEncoder.dispatchWorkgroups(...grid);
  recorder.dispatchCountInPass++;
  if (timers !== undefined) {
    backend.endComputePassEncoder();
    timers.push({ name, query: backend.getQueryTime() });
  } else if (recorder.dispatchCountInPass >= backend.dispatchesPerSubmission) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
}
