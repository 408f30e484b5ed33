// A disk that takes no more, in this process: writes to files fail as Deno reports it.

/**
 * Makes writes fail until it is disposed of.
 *
 * @param fails asked for each write, numbered from 1
 */
export function failingWrites(fails: (write: number) => boolean): Disposable & { readonly count: () => number } {
  const { writeTextFile } = Deno;
  const { write, writeSync, sync } = Deno.FsFile.prototype;
  let count = 0;
  const isFull = () => fails(++count);
  const full = () => Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
  Object.assign(Deno, {
    writeTextFile: (...args: Parameters<typeof writeTextFile>) =>
      isFull() ? Promise.reject(full()) : writeTextFile(...args),
  });
  Deno.FsFile.prototype.write = function (bytes) {
    return isFull() ? Promise.reject(full()) : write.call(this, bytes);
  };
  Deno.FsFile.prototype.sync = function () {
    return isFull() ? Promise.reject(full()) : sync.call(this);
  };
  Deno.FsFile.prototype.writeSync = function (bytes) {
    if (isFull()) throw full();
    return writeSync.call(this, bytes);
  };
  return {
    count: () => count,
    [Symbol.dispose]() {
      Object.assign(Deno, { writeTextFile });
      Object.assign(Deno.FsFile.prototype, { write, writeSync, sync });
    },
  };
}
