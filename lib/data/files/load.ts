// Reads the user's files as documents, whatever their format.
import { UserError } from "../../errors.ts";
import type { Document } from "../types.ts";
import { fileBlocks } from "./blocks.ts";
import { NO_TEMPLATE } from "./conversation.ts";
import { csvRecords } from "./csv.ts";
import { findFiles } from "./find.ts";
import { jsonLines, jsonRecords, type RawRecord } from "./json.ts";
import type { LoadOptions } from "./options.ts";
import { parquetRecords } from "./parquet.ts";
import { plainDocuments, wholeText } from "./plain.ts";
import { recordDocument } from "./records.ts";
import { decodeBlocks } from "./utf8.ts";

/** What was skipped while reading. */
export interface Skipped {
  /** Empty files of a glob. */
  readonly emptyFiles: number;
  /** Records whose text is null or blank. */
  readonly emptyTexts: number;
  /** Unreadable records. */
  readonly badRecords: number;
  /** Unreadable files, links and folders. */
  readonly badFiles: number;
  /** The error message of the first of these. */
  readonly firstBad?: string;
}

/** Takes documents one by one, and can give up those of a file that turns out to be damaged. */
export interface DocumentSink<Mark> {
  add(document: Document): void;
  /** A place to return to with `rollback()`. */
  mark(): Mark;
  /** Drops what was added since a mark. */
  rollback(mark: Mark): void;
}

/** Nothing was skipped. */
export const NOTHING_SKIPPED: Skipped = { emptyFiles: 0, emptyTexts: 0, badRecords: 0, badFiles: 0 };

/**
 * Reads the user's files in blocks, one document at a time.
 *
 * - `.jsonl`, `.ndjson`, `.parquet`, `.csv`, `.tsv` and `.json` with an array give one document per record. Records whose
 *   text is null or blank are skipped and counted. A record with a list of messages is a conversation.
 * - `.txt` is separated at `<|endoftext|>`. Without it, text is cut into documents of a few thousand characters at blank
 *   lines, else at lines, sentences, words or characters.
 * - Any other file is one document.
 *
 * `.gz` at the end of a name means gzip. Text that is not UTF-8 is refused, with its file and place.
 *
 * @param pattern path or glob
 * @param setting the setting that names it, such as `data.code`, for messages
 * @param sink takes the documents in order
 * @returns what was skipped
 * @throws UserError with file and place for whatever cannot be read
 */
export async function readFiles<Mark>(
  pattern: string,
  setting: string,
  options: LoadOptions,
  sink: DocumentSink<Mark>,
): Promise<Skipped> {
  const found = findFiles(pattern, setting, options);
  const count = { emptyFiles: 0, emptyTexts: 0, badRecords: 0, badFiles: 0 };
  let firstBad: string | undefined;
  /** Counts an error that may be skipped and rethrows any other. */
  const skip = (error: unknown, kind: "badRecords" | "badFiles", alone = false) => {
    const isUnskippable = !(error instanceof UserError) || error.code === NO_TEMPLATE;
    if (isUnskippable || options.skipBad !== true || alone) throw error;
    count[kind]++;
    firstBad ??= error.message;
  };
  for (const error of found.skipped) skip(error, "badFiles");

  for (const path of found.files) {
    const alone = found.files.length === 1 && found.skipped.length === 0;
    if (isEmpty(path)) {
      if (alone) throw emptyFile(path, setting);
      count.emptyFiles++;
      continue;
    }
    const mark = sink.mark();
    try {
      for await (const batch of fileDocuments(path, options, (error) => skip(error, "badRecords"))) {
        for (const document of batch) {
          if (document === undefined) count.emptyTexts++;
          else sink.add(document);
        }
      }
    } catch (error) {
      skip(error, "badFiles", alone);
      sink.rollback(mark);
    }
  }
  return { ...count, ...(firstBad === undefined ? {} : { firstBad }) };
}

/** A document with the file that it is from. */
export interface FileDocument {
  readonly file: string;
  readonly document: Document;
}

/**
 * Yields the documents of the user's files in the order of {@linkcode readFiles}, one at a time, for work that waits between
 * them. Empty files of a glob and blank records are left out. Of a damaged file, what comes before the damage is yielded.
 *
 * @param pattern path or glob
 * @param setting what names it, for messages
 * @param onSkip called with what `skipBad` leaves out
 * @throws UserError with file and place for whatever cannot be read
 */
export async function* fileTexts(
  pattern: string,
  setting: string,
  options: LoadOptions,
  onSkip: (error: UserError) => void = () => {},
): AsyncGenerator<FileDocument> {
  const skip = (error: unknown) => {
    if (!(error instanceof UserError) || error.code === NO_TEMPLATE || options.skipBad !== true) throw error;
    onSkip(error);
  };
  const { files, skipped } = findFiles(pattern, setting, options);
  skipped.forEach(skip);
  for (const file of files) {
    if (isEmpty(file)) {
      if (files.length === 1) throw emptyFile(file, setting);
      continue;
    }
    try {
      for await (const batch of fileDocuments(file, options, skip)) {
        for (const document of batch) if (document !== undefined) yield { file, document };
      }
    } catch (error) {
      skip(error);
    }
  }
}

function emptyFile(path: string, setting: string): UserError {
  return new UserError("data.empty-file", `${setting} names ${path}, which is empty`, "Give a file with text in it");
}

function isEmpty(path: string): boolean {
  try {
    return Deno.statSync(path).size === 0;
  } catch {
    return false; // reading it will report what is wrong
  }
}

/** The documents of a file, in batches that are read one document at a time; undefined for a record without text. */
async function* fileDocuments(
  path: string,
  options: LoadOptions,
  skip: (error: unknown) => void,
): AsyncGenerator<Iterable<Document | undefined>> {
  const { textField } = options;
  const name = path.toLowerCase().replace(/\.gz$/, "");
  const text = () => decodeBlocks(fileBlocks(path), path);
  const records = /\.(?:jsonl|ndjson)$/.test(name)
    ? jsonLines(path, fileBlocks(path))
    : /\.(?:csv|tsv)$/.test(name)
    ? csvRecords(path, fileBlocks(path), textField)
    : name.endsWith(".parquet")
    ? parquetRecords(path, textField)
    : undefined;
  if (records !== undefined) {
    for await (const batch of records) yield recordDocuments(batch, options, skip);
    return;
  }
  if (name.endsWith(".txt")) {
    let number = 0;
    for await (const piece of plainDocuments(text())) yield [{ id: `${path}#${++number}`, text: piece }];
    return;
  }
  const whole = await wholeText(text(), path);
  const inJson = name.endsWith(".json") ? jsonRecords(path, whole) : undefined;
  if (inJson !== undefined) yield recordDocuments(inJson, options, skip);
  else if (whole.trim() !== "") yield [{ id: path, text: whole }];
}

function* recordDocuments(
  records: readonly RawRecord[],
  options: LoadOptions,
  skip: (error: unknown) => void,
): Generator<Document | undefined> {
  for (const { place, read } of records) {
    let document: Document | undefined;
    try {
      document = recordDocument(read(), place, options);
    } catch (error) {
      skip(error);
      continue;
    }
    yield document;
  }
}
