// Prints how the CPU device describes itself. A program of its own: permissions and the environment are a process's.
import { openDevice } from "../../lib/tensor/mod.ts";

const device = await openDevice("cpu", { threads: 2 });
console.log(device.description);
await device.close();
