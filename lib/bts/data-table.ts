// The table of a run's text.
import type { Corpus } from "../data/mod.ts";
import { numberColumn, type Table, textColumn } from "../run/mod.ts";

/** Bytes, documents and tokens of each domain and split. */
export function dataTable(
  corpus: Corpus,
  bytes: Readonly<Record<string, Readonly<Record<string, number>>>>,
  tokens: Readonly<Record<string, Readonly<Record<string, number>>>>,
): Table {
  return {
    name: "data",
    title: "Text by domain and split",
    columns: [
      textColumn("domain", "domain"),
      textColumn("split", "split"),
      numberColumn("documents", "documents", 0),
      numberColumn("bytes", "bytes", 0),
      numberColumn("tokens", "tokens", 0),
      numberColumn("ratio", "bytes per token", 2),
    ],
    rows: corpus.domains.flatMap((domain) =>
      (["train", "validation", "heldout"] as const).map((split) => {
        const count = tokens[domain]![split]!;
        const size = bytes[domain]![split]!;
        const documents = corpus.documents[domain]![split].length;
        return { domain, split, documents, bytes: size, tokens: count, ratio: count === 0 ? null : size / count };
      })
    ),
  };
}
