// Reads Parquet records, one row group at a time.
import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects, parquetSchema } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { UserError } from "../../errors.ts";
import { fileBytes } from "./blocks.ts";
import type { RawRecord } from "./json.ts";
import { MESSAGES, missingField } from "./records.ts";

/** Keeps strings as bytes until their row is known: hyparquet would replace invalid UTF-8. */
const parsers = { stringFromBytes: (bytes: Uint8Array) => bytes, jsonFromBytes: (bytes: Uint8Array) => bytes };

/**
 * One record per row, in batches.
 *
 * @throws UserError if the file is damaged or has no such column
 */
export async function* parquetRecords(path: string, textField: string): AsyncGenerator<RawRecord[]> {
  using source = await openSource(path);
  const { file } = source;
  try {
    const metadata = await parquetMetadataAsync(file);
    const columns = parquetSchema(metadata).children.map(({ element, children }) => ({
      name: element.name,
      fields: children.map((child) => `${element.name}.${child.element.name}`),
    }));
    const column = columns.find(({ name }) => name === textField) ??
      columns.find(({ name, fields }) => fields.length > 0 && textField.startsWith(`${name}.`)) ??
      columns.find(({ name }) => name === MESSAGES);
    if (column === undefined) {
      throw missingField(path, textField, columns.flatMap(({ name, fields }) => fields.length > 0 ? fields : [name]));
    }
    const wanted = columns.map(({ name }) => name).filter((name) => name === column.name || name === "tools");
    let rowEnd = 0;
    for (const { num_rows } of metadata.row_groups) {
      const rowStart = rowEnd;
      rowEnd += Number(num_rows);
      const options = { file, metadata, columns: wanted, compressors, utf8: false, parsers, rowStart, rowEnd };
      yield (await parquetReadObjects(options)).map((record, i) => ({
        place: { path, unit: "row", number: rowStart + i + 1 },
        // hyparquet omits a null field.
        read: () => record[column.name] === undefined ? { [column.name]: null } : record,
      }));
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    // In a damaged file, hyparquet may meet values that it does not expect.
    const what = error instanceof TypeError || error instanceof RangeError ? "its contents are damaged" : reason;
    throw new UserError(
      "data.bad-parquet",
      `${path} is not a readable Parquet file: ${what}`,
      "Download or write it again, or check that it opens in another reader, such as pandas.read_parquet()",
    );
  }
}

/** Opens the file for random access; a gzipped file is decompressed into memory. */
async function openSource(path: string): Promise<Disposable & { readonly file: AsyncBuffer }> {
  if (path.toLowerCase().endsWith(".gz")) {
    const { buffer } = await fileBytes(path);
    return { file: buffer, [Symbol.dispose]() {} };
  }
  let open: Deno.FsFile;
  try {
    open = await Deno.open(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError("data.unreadable", `${path} cannot be read: ${reason}`, "Check the path and its permissions");
  }
  const { size } = await open.stat();
  return {
    file: {
      byteLength: size,
      // Synchronous, because slices are requested concurrently: nothing may run between seeking and reading.
      slice(start, end = size) {
        const bytes = new Uint8Array(end - start);
        open.seekSync(start, Deno.SeekMode.Start);
        for (let at = 0; at < bytes.length;) {
          const count = open.readSync(bytes.subarray(at));
          if (count === null) throw new Error(`it ends at byte ${start + at}, before its size of ${size} bytes`);
          at += count;
        }
        return bytes.buffer;
      },
    },
    [Symbol.dispose]: () => open.close(),
  };
}
