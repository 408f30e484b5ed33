// Packed rows of a job: the batches of a training phase, written in their order, so that no other program has to draw them.
import { type Batch, packs16 } from "../../data/mod.ts";

/** Bits of a position's flags; `train.py` reads them. */
const NEW_DOCUMENT = 1, SCORED = 2;

/** The ending of a token file: unsigned integers of 16 bits if the vocabulary allows it, else of 32, little-endian. */
export const tokenType = (vocabSize: number): "u16" | "u32" => packs16(vocabSize) ? "u16" : "u32";

/** Bytes of a row of `time` tokens: its tokens with the one after them, and the flags. */
export function rowBytes(time: number, vocabSize: number): number {
  return (packs16(vocabSize) ? 2 : 4) * (time + 1) + time;
}

/**
 * Writes batches as rows into two files: `<base>.tokens.u16` (or `.u32`), `[rows, time + 1]`, and `<base>.flags.u8`,
 * `[rows, time]`. A flag's bit 0 says that a document begins at the position, bit 1 that its target is trained on. A
 * token after the row that is not trained on is written as 0.
 *
 * @param onRow called before each batch; throwing stops
 */
export function writeRows(
  base: string,
  batches: Iterable<Pick<Batch, "batch" | "time" | "inputs" | "targets" | "documents">>,
  vocabSize: number,
  onBatch: () => void = () => {},
): void {
  const type = tokenType(vocabSize);
  const make = type === "u16" ? Uint16Array : Uint32Array;
  using tokensFile = Deno.openSync(`${base}.tokens.${type}`, { write: true, createNew: true });
  using flagsFile = Deno.openSync(`${base}.flags.u8`, { write: true, createNew: true });
  for (const { batch, time, inputs, targets, documents } of batches) {
    onBatch();
    const tokens = new make(batch * (time + 1));
    const flags = new Uint8Array(batch * time);
    for (let row = 0; row < batch; row++) {
      const from = row * time;
      tokens.set(inputs.subarray(from, from + time), row * (time + 1));
      tokens[row * (time + 1) + time] = Math.max(0, targets[from + time - 1]!);
      for (let i = from; i < from + time; i++) {
        const isNew = i > from && documents[i] !== documents[i - 1];
        flags[i] = (isNew ? NEW_DOCUMENT : 0) | (targets[i]! >= 0 ? SCORED : 0);
      }
    }
    writeAll(tokensFile, tokens);
    writeAll(flagsFile, flags);
  }
}

function writeAll(file: Deno.FsFile, { buffer, byteOffset, byteLength }: ArrayBufferView): void {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}
