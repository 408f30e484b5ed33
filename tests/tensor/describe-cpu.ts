// Prints how the CPU device describes itself. A separate program, because permissions and environment belong to a process.
import { openDevice } from "../../lib/tensor/mod.ts";

const device = await openDevice("cpu", { threads: 2 });
console.log(device.description);
await device.close();
