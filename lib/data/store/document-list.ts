// Lists of documents that need not be in memory.
import { byteLength } from "../batches/tokenize.ts";
import type { Document, DocumentList } from "../types.ts";
import { uint32Column } from "./columns.ts";
import type { DocumentStore } from "./document-store.ts";

/** Documents with sizes that are known without reading them. */
export interface SizedDocuments extends DocumentList {
  at(index: number): Document;
  /** UTF-8 bytes of a text. */
  bytesAt(index: number): number;
}

/** Documents in memory as {@linkcode SizedDocuments}. */
export function sized(documents: readonly Document[]): SizedDocuments {
  const sizes = Float64Array.from(documents, ({ text }) => byteLength(text));
  return {
    length: documents.length,
    at: (index) => documents[index]!,
    bytesAt: (index) => sizes[index]!,
    [Symbol.iterator]: () => documents[Symbol.iterator](),
  };
}

/** Documents of a store. */
export interface StoredDocuments extends SizedDocuments {
  /** The number of a document in its store. */
  numberAt(index: number): number;
}

/** Some documents of a store, read when they are asked for. */
export function storedDocuments(store: DocumentStore, numbers: Uint32Array): StoredDocuments {
  return {
    length: numbers.length,
    at: (index) => store.at(numbers[index]!),
    numberAt: (index) => numbers[index]!,
    bytesAt: (index) => store.bytesAt(numbers[index]!),
    *[Symbol.iterator]() {
      for (const number of numbers) yield store.at(number);
    },
  };
}

/** Adds documents to a store and returns their numbers. */
export function addAll(store: DocumentStore, documents: Iterable<Document>): Uint32Array {
  const numbers = uint32Column();
  for (const document of documents) numbers.push(store.add(document));
  return numbers.values();
}
