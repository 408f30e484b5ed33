// What freed arrays of JavaScript leave behind: glibc keeps the memory of arrays below 32 MB once it has freed one of
// that size, so that a model's weights would count twice for good after they were copied to the device.

/** From glibc's malloc.h. */
const M_MMAP_THRESHOLD = -3;
/** Blocks from this size on are mappings of their own, which go back to the system when they are freed. */
const THRESHOLD = 1 << 20;
const symbols = { mallopt: { parameters: ["i32", "i32"], result: "i32" } } as const;

/** Lets large arrays go back to the system when they are freed; does nothing without glibc or `--allow-ffi`. */
export async function returnFreedArrays(): Promise<void> {
  if (Deno.build.os !== "linux" || (await Deno.permissions.query({ name: "ffi" })).state !== "granted") return;
  try {
    const libc = Deno.dlopen("libc.so.6", symbols);
    libc.symbols.mallopt(M_MMAP_THRESHOLD, THRESHOLD);
    libc.close();
  } catch {
    // another C library
  }
}
