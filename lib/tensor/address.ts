// Where memory lies in the process, for code that is called through FFI.

/** Where a shared memory lies in the process; it never moves when it grows, and lies below 2⁵³. */
export function addressOf(memory: WebAssembly.Memory): number {
  return Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(new Uint8Array(memory.buffer))));
}
