// Deno's kernel.
export { type Kernel, type Reply, startKernel } from "./client.ts";
export { collectOutputs, errorOutput, type OutputMessage, type Outputs } from "./outputs.ts";
