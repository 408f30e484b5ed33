// The table of a run's text.
import { numberColumn, type Table, textColumn } from "../run/mod.ts";
import type { WrittenTokens } from "./write-tokens.ts";

/** Bytes, documents and tokens of each domain and split. */
export function dataTable(domains: readonly string[], sizes: WrittenTokens["sizes"]): Table {
  const chats = Object.values(sizes).some((splits) => Object.values(splits).some(({ unscored }) => unscored > 0));
  return {
    name: "data",
    title: "Text by domain and split",
    columns: [
      textColumn("domain", "domain"),
      textColumn("split", "split"),
      numberColumn("documents", "documents", 0),
      numberColumn("bytes", "bytes", 0),
      numberColumn("tokens", "tokens", 0),
      ...(chats ? [numberColumn("scored", "trained on or scored", 0)] : []),
      numberColumn("ratio", "bytes per token", 2),
    ],
    rows: domains.flatMap((domain) =>
      (["train", "validation", "heldout"] as const).map((split) => {
        const { documents, bytes, tokens, unscored } = sizes[domain]![split];
        const scored = chats ? { scored: tokens - unscored } : {};
        return { domain, split, documents, bytes, tokens, ...scored, ratio: tokens === 0 ? null : bytes / tokens };
      })
    ),
  };
}
