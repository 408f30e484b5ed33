// Huge pages for the shared memory: packing reads rows that are pages apart, and looking up small pages took 4 to 5 %
// of a training step.
import { addressOf } from "../../address.ts";

const ADVISE_HUGE_PAGES = 14;
const symbols = { madvise: { parameters: ["usize", "usize", "i32"], result: "i32" } } as const;

/** Asks Linux to use huge pages for a memory; does nothing on other systems or without `--allow-ffi`. */
export async function adviseHugePages(memory: WebAssembly.Memory): Promise<void> {
  if (Deno.build.os !== "linux" || (await Deno.permissions.query({ name: "ffi" })).state !== "granted") return;
  try {
    const libc = Deno.dlopen("libc.so.6", symbols);
    // The advice also covers what is only reserved: all that the memory may grow to.
    libc.symbols.madvise(BigInt(addressOf(memory)), 1n << 32n, ADVISE_HUGE_PAGES);
    libc.close();
  } catch {
    // another C library: small pages will do
  }
}
