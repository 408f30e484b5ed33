// Where documents are points: tf-idf in few dimensions.
import { truncatedSvd } from "./svd.ts";
import { fitVocabulary, type SparseRow, type TextRow, tfIdf, type Vocabulary } from "./tf-idf.ts";
import { termCounts } from "./terms.ts";

/** A document as a point. */
export interface TextPoint extends Pick<TextRow, "terms" | "unknown"> {
  /** Of length 1; all zeros if nothing of the text is known. */
  readonly point: Float64Array;
}

/** A space of documents. */
export interface Space {
  readonly size: number;
  /** The points of texts. */
  points(texts: readonly string[]): Promise<TextPoint[]>;
}

/** Tf-idf, projected onto its leading singular vectors. */
export interface TfIdfModel {
  readonly vocabulary: Vocabulary;
  /** Row-major `[terms, size]`. */
  readonly projection: Float32Array;
  readonly size: number;
}

/** Rows of tf-idf with the vocabulary that they are in. */
export interface FittedRows {
  readonly vocabulary: Vocabulary;
  readonly rows: readonly SparseRow[];
}

/** The vocabulary of a sample, and its rows. */
export function fitRows(sample: readonly string[]): FittedRows {
  const vocabulary = fitVocabulary(counted(sample));
  const rowOf = tfIdf(vocabulary);
  return { vocabulary, rows: sample.map((text) => rowOf(text).row) };
}

function* counted(sample: readonly string[]): Generator<ReadonlyMap<string, number>> {
  for (const text of sample) yield termCounts(text);
}

/**
 * The projection of a sample's rows: truncated SVD, as C-BTM has it (arXiv 2303.14177).
 *
 * @param dimensions at most
 */
export function fitTfIdf({ vocabulary, rows }: FittedRows, dimensions: number, seed: number): TfIdfModel {
  const { vectors, size } = truncatedSvd(rows, vocabulary.terms.length, dimensions, seed);
  // What is saved is what is used, so that a resumed discovery assigns alike.
  return { vocabulary, projection: Float32Array.from(vectors), size };
}

/** The space of a fitted model: projected rows, divided by their lengths. */
export function tfIdfSpace({ vocabulary, projection, size }: TfIdfModel): Space {
  const rowOf = tfIdf(vocabulary);
  const pointOf = (text: string): TextPoint => {
    const { row: { indices, values }, terms, unknown } = rowOf(text);
    const point = new Float64Array(size);
    for (let at = 0; at < indices.length; at++) {
      const value = values[at]!, from = indices[at]! * size;
      for (let i = 0; i < size; i++) point[i]! += value * projection[from + i]!;
    }
    return { point: normalized(point), terms, unknown };
  };
  return { size, points: (texts) => Promise.resolve(texts.map(pointOf)) };
}

/** A vector divided by its length, in place; zeros, and what is as small as an error of rounding, become zeros. */
export function normalized(vector: Float64Array): Float64Array {
  let squares = 0;
  for (const value of vector) squares += value ** 2;
  const length = Math.sqrt(squares);
  for (let i = 0; i < vector.length; i++) vector[i] = length < 1e-6 ? 0 : vector[i]! / length;
  return vector;
}
