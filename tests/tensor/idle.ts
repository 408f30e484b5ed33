// Prints how many milliseconds of CPU time an idle open device uses in half a second. A separate program, because in a
// test's process other tests would be counted too.
import * as tf from "@tensorflow/tfjs";
import process from "node:process";
import { openDevice } from "../../lib/tensor/mod.ts";

const device = await openDevice("cpu", { threads: 3 });
tf.fill([1_000_000], 1).dispose();
await new Promise((resolve) => setTimeout(resolve, 50));
const before = process.cpuUsage();
await new Promise((resolve) => setTimeout(resolve, 500));
const { user, system } = process.cpuUsage(before);
console.log((user + system) / 1000);
await device.close();
