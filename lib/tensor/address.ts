// Memory addresses for code that is called through FFI.

/** A shared memory's address in the process: below 2⁵³, and unchanged when the memory grows. */
export function addressOf(memory: WebAssembly.Memory): number {
  return Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(new Uint8Array(memory.buffer))));
}
