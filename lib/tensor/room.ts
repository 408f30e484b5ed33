// Whether there is memory for tensors, before they are made.
import { UserError } from "../errors.ts";
import { openedDevice } from "./device.ts";

/** Memory that is left for everything else. */
const RESERVE = 256e6;

/** Bytes of memory that are free on this machine, where the system may be asked; otherwise infinite. */
export function freeMemory(): number {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "systemMemoryInfo" });
  return state === "granted" ? Deno.systemMemoryInfo().available : Infinity;
}

/**
 * Refuses what does not fit.
 *
 * @param bytes of tensors that will be made on the open device
 * @param what needs them: `The model "…"`
 * @param hint what to change
 * @throws UserError `device.room` with what is needed and what there is
 */
export function checkRoom(bytes: number, what: string, hint: string): void {
  const device = openedDevice();
  const limit = (device?.memoryLimit ?? Infinity) - (device?.heapBytes()?.used ?? 0);
  // On a GPU, tensors are elsewhere.
  const free = device?.name === "webgpu" ? Infinity : freeMemory() - RESERVE;
  if (bytes <= Math.min(limit, free)) return;
  const gigabytes = (bytes: number) => (Math.max(0, bytes) / 1e9).toFixed(2);
  throw new UserError(
    "device.room",
    `${what} needs ${gigabytes(bytes)} GB of memory, but ` +
      (limit < free
        ? `only ${gigabytes(limit)} of the device's ${gigabytes(device!.memoryLimit!)} GB are free`
        : `only ${gigabytes(free)} GB are free on this machine`),
    limit < free && device!.memoryLimit! < 2 ** 32
      ? `${hint}; on Linux with --allow-ffi, the limit is the machine's`
      : hint,
  );
}
