// Weights from a file to the device one after another, at the precision that they are held in, never all in host memory.
import type * as tf from "@tensorflow/tfjs";
import { checkRoom, markBfloat16, streamedTensor } from "../tensor/mod.ts";
import { disposeWeights, owned, type OwnedWeights } from "./weights.ts";

/** How a weight's numbers are held on the device; all but float32 are packed, two per word. */
export type Held = "float32" | "float16" | "bfloat16";

/** A weight that has not been read. */
export interface StoredWeight {
  readonly shape: readonly number[];
  /** A packed weight has rows of even length. */
  readonly held: Held;
  /** Reads bytes from byte `begin` on, as they are held, little-endian. */
  readonly read: (into: Uint8Array<ArrayBuffer>, begin: number) => void;
}

/** Bytes of a weight on the device. */
export function heldBytes({ shape, held }: Omit<StoredWeight, "read">): number {
  return shape.reduce((a, b) => a * b, held === "float32" ? 4 : 2);
}

/**
 * Puts frozen weights on the device. Packed ones become float32 only where they are used, exactly.
 *
 * @param what names the model in errors
 * @throws UserError `device.room` if there is not enough memory, before anything is read, and the errors of reading
 */
export function storedToDevice(stored: Readonly<Record<string, StoredWeight>>, what: string): OwnedWeights {
  const bytes = Object.values(stored).reduce((sum, weight) => sum + heldBytes(weight), 0);
  checkRoom(
    bytes,
    what,
    "use a smaller model, one stored in half precision (F16 or BF16), or a machine with more memory",
  );
  const weights: Record<string, tf.Tensor> = {};
  try {
    for (const [name, { shape, held, read }] of Object.entries(stored)) {
      if (held === "float32") weights[name] = streamedTensor([...shape], "float32", read);
      else {
        const packed = streamedTensor([...shape.slice(0, -1), shape.at(-1)! / 2], "int32", read);
        weights[name] = held === "bfloat16" ? markBfloat16(packed) : packed;
      }
    }
  } catch (error) {
    disposeWeights(weights);
    throw error;
  }
  return owned(weights);
}
