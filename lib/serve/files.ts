// Reading files of a run's folder: regular files only, as a symbolic link could lead out of it.

/** A regular file's bytes; undefined if there is none. */
export async function readPlainFile(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const info = await Deno.lstat(path).catch(() => undefined);
  return info?.isFile ? await Deno.readFile(path) : undefined;
}

/**
 * At most `most` bytes of a regular file from `start`, or from its beginning if it has become shorter than that; `size` is
 * that of the file. None if there is no such file.
 */
export async function readPlainPart(path: string, start: number, most: number) {
  const info = await Deno.lstat(path).catch(() => undefined);
  if (!info?.isFile) return { bytes: new Uint8Array(0), start: 0, size: 0 };
  const from = start > info.size ? 0 : start;
  using file = await Deno.open(path);
  await file.seek(from, Deno.SeekMode.Start);
  const bytes = new Uint8Array(Math.min(most, info.size - from));
  let read = 0;
  while (read < bytes.length) {
    const count = await file.read(bytes.subarray(read));
    if (count === null) break;
    read += count;
  }
  return { bytes: bytes.subarray(0, read), start: from, size: info.size };
}
