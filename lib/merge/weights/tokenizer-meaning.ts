// How a `tokenizer.json` turns text into tokens, in one normal form for all ways of writing it.

type Json = Readonly<Record<string, unknown>>;

/**
 * The parts of a `tokenizer.json` that determine which text becomes which token, each as a string; parts with equal
 * meaning give equal strings. Key order, omitted defaults and the formats of older versions of Python's tokenizers make no
 * difference.
 */
export function tokenizerMeaning(
  json: Json,
): Readonly<Record<"model" | "added_tokens" | "normalizer" | "pre_tokenizer", string>> {
  return {
    model: canonical(model(asObject(json.model))),
    added_tokens: canonical(addedTokens(json.added_tokens)),
    normalizer: canonical(steps(json.normalizer, "normalizers")),
    pre_tokenizer: canonical(steps(json.pre_tokenizer, "pretokenizers")),
  };
}

/** A `vocab.json` as a string that does not depend on the order of its keys. */
export function vocabularyMeaning(vocabulary: Json): string {
  return canonical(vocabulary);
}

/** A `merges.txt` as a string that does not depend on its header and line endings. */
export function mergesMeaning(text: string): string {
  return text.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#version")).join("\n");
}

function model(json: Json): Json {
  const { type, dropout, continuing_subword_prefix: prefix, end_of_word_suffix: suffix, merges, ...rest } = json;
  return {
    ...rest,
    // Older files omit the type.
    type: type ??
      (merges !== undefined
        ? "BPE"
        : Array.isArray(json.vocab)
        ? "Unigram"
        : "max_input_chars_per_word" in json
        ? "WordPiece"
        : "WordLevel"),
    dropout: dropout === 0 ? null : dropout,
    continuing_subword_prefix: prefix === "" ? null : prefix,
    end_of_word_suffix: suffix === "" ? null : suffix,
    merges: Array.isArray(merges) ? merges.map(pair) : merges,
  };
}

/** A merge as `["a", "b"]`, also if it is written `"a b"`. */
function pair(merge: unknown): unknown {
  const parts = typeof merge === "string" ? merge.split(" ") : [];
  return parts.length === 2 ? parts : merge;
}

/** Sorted by id, without `special`, which only matters for decoding. */
function addedTokens(tokens: unknown): readonly Json[] {
  if (!Array.isArray(tokens)) return [];
  return tokens.map((token) => ({ ...asObject(token), special: null } as Json))
    .sort((a, b) => Number(a.id) - Number(b.id));
}

/** The steps of a normalizer or pre-tokenizer, with sequences flattened. */
function steps(json: unknown, of: "normalizers" | "pretokenizers"): readonly Json[] {
  if (json === null || json === undefined) return [];
  const step = asObject(json);
  if (Array.isArray(step[of])) return step[of].flatMap((inner) => steps(inner, of));
  return [completed(step)];
}

/** Adds defaults other than null and false. */
function completed(step: Json): Json {
  switch (step.type) {
    case "ByteLevel": {
      const { trim_offsets: _, ...rest } = step;
      return { use_regex: true, ...rest };
    }
    case "Metaspace": {
      const { str_rep: _, add_prefix_space: space = true, ...rest } = step;
      return { split: true, prepend_scheme: space === false ? "never" : "always", ...rest };
    }
    case "Punctuation":
      return { behavior: "Isolated", ...step };
    case "FixedLength":
      return { length: 5, ...step };
    default:
      return step;
  }
}

/** Keys whose default is not false. */
const NOT_FALSE_BY_DEFAULT = ["strip_accents", "use_regex", "split"];

/** JSON with sorted keys, without null and false, which are the defaults of missing keys. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const members = Object.entries(value)
    .filter(([key, member]) => {
      return member !== null && member !== undefined && (member !== false || NOT_FALSE_BY_DEFAULT.includes(key));
    })
    .sort(([a], [b]) => a < b ? -1 : 1);
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(",")}}`;
}

function asObject(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Json : {};
}
