// Large pages for the shared memory: packing goes over rows that lie pages apart, and looking up small pages took 4 to 5 %
// of a training step.
import { addressOf } from "../../address.ts";

const ADVISE_HUGE_PAGES = 14;
const symbols = { madvise: { parameters: ["usize", "usize", "i32"], result: "i32" } } as const;

/** Asks Linux to hold a memory in large pages, where it may be asked (`--allow-ffi`); otherwise nothing happens. */
export async function adviseHugePages(memory: WebAssembly.Memory): Promise<void> {
  if (Deno.build.os !== "linux" || (await Deno.permissions.query({ name: "ffi" })).state !== "granted") return;
  try {
    const libc = Deno.dlopen("libc.so.6", symbols);
    // All that the memory may grow to: what is only reserved takes the advice along.
    libc.symbols.madvise(BigInt(addressOf(memory)), 1n << 32n, ADVISE_HUGE_PAGES);
    libc.close();
  } catch {
    // another C library: small pages will do
  }
}
