// Zeroes short runs: memory.fill is a call into V8, which costs more than a few stores.

/** Zeroes `bytes` bytes, a multiple of 4. */
export function zero(to: usize, bytes: usize): void {
  const zeros = f32x4.splat(0);
  const stop = to + bytes, whole = to + (bytes & ~15);
  for (; to < whole; to += 16) v128.store(to, zeros);
  for (; to < stop; to += 4) store<f32>(to, 0);
}
