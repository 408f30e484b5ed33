// What a `tokenizer.json` says about which text is which token, in one form for all ways of writing it.

type Json = Readonly<Record<string, unknown>>;

/**
 * The parts of a `tokenizer.json` that decide which text becomes which token, each as a text: equal texts for parts of
 * equal meaning. Order of keys, defaults that are left out, and the forms of older versions of Python's tokenizers make
 * no difference.
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

/** The id of every token of a vocabulary as a text, whatever the order. */
export function vocabularyMeaning(vocabulary: Json): string {
  return canonical(vocabulary);
}

/** The merges of a `merges.txt` as a text. */
export function mergesMeaning(text: string): string {
  return text.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#version")).join("\n");
}

function model(json: Json): Json {
  const { type, dropout, continuing_subword_prefix: prefix, end_of_word_suffix: suffix, merges, ...rest } = json;
  return {
    ...rest,
    // Old files leave the type to be seen.
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

/** A merge that is written `"a b"`, as `["a", "b"]`. */
function pair(merge: unknown): unknown {
  const parts = typeof merge === "string" ? merge.split(" ") : [];
  return parts.length === 2 ? parts : merge;
}

/** In the order of their ids; whether they are special matters only for what decoding leaves out. */
function addedTokens(tokens: unknown): readonly Json[] {
  if (!Array.isArray(tokens)) return [];
  return tokens.map((token) => ({ ...asObject(token), special: null } as Json))
    .sort((a, b) => Number(a.id) - Number(b.id));
}

/** The steps of a normalizer or pre-tokenizer one after the other: a sequence of one is that one. */
function steps(json: unknown, of: "normalizers" | "pretokenizers"): readonly Json[] {
  if (json === null || json === undefined) return [];
  const step = asObject(json);
  if (Array.isArray(step[of])) return step[of].flatMap((inner) => steps(inner, of));
  return [completed(step)];
}

/** With the defaults that are neither null nor false. */
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

/** Where false says something else than nothing. */
const NOT_FALSE_BY_DEFAULT = ["strip_accents", "use_regex", "split"];

/** JSON with the keys in order and without null and false, which are what is taken for a missing key. */
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
