// Which backend the tensors live on.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../errors.ts";

export type DeviceName = "auto" | "webgpu" | "cpu" | "reference";

/** An open device; tfjs's current backend is the one it names. */
export interface Device {
  readonly name: "webgpu" | "cpu" | "reference";
  /** For a person: what computes, with how many threads or on which adapter. */
  readonly description: string;
  readonly threads: number;
  /** Ends its threads; tensors on it are gone. */
  close(): Promise<void>;
}

/**
 * Opens a device and makes it tfjs's current backend.
 *
 * @throws UserError `device.absent` when it is asked for by name and not there
 */
export async function openDevice(name: DeviceName, _options: { readonly threads?: number } = {}): Promise<Device> {
  if (name === "webgpu") throw new UserError("device.absent", "There is no WebGPU adapter");
  await tf.setBackend("cpu");
  return { name: "reference", description: "stock tfjs cpu", threads: 1, close: () => Promise.resolve() };
}
