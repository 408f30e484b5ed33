// The devices that tests of models run on, and `deviceTest()`, which runs one test body on each of them.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { type Device, type DeviceName, openDevice } from "../lib/tensor/mod.ts";

/** Every device on which models must give the same numbers: a new one is added here and nowhere else. */
export const DEVICES: readonly DeviceName[] = ["reference", "cpu"];

/**
 * Registers one test a device. Tensors that the body makes are disposed at its end, unless kept.
 *
 * @param title says what holds; the device's name is added
 */
export function deviceTest(title: string, body: (device: Device) => void | Promise<void>): void {
  for (const name of DEVICES) {
    Deno.test(`${title} [${name}]`, async () => {
      const device = await openDevice(name, { threads: 2 }); // few, since every test opens its own
      assert.equal(device.name, name);
      tf.engine().startScope();
      try {
        await body(device);
      } finally {
        tf.engine().endScope();
        await device.close();
      }
    });
  }
}
