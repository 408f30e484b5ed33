// A text that goes from domain to domain, to see the gates change with the context.

/** A few words of each built-in domain, few enough for models with a short context. */
const TEXTS: Readonly<Record<string, string>> = {
  english: "The people of the United States have kept the peace. ",
  code: "function add(a, b) {\n  return a + b;\n}\n",
  math: "What is 12 plus 7? 19\n",
  multilingual: "Le type ne peut pas être assigné. ",
};

/** Tokens to generate where there is room. */
const LENGTH = 16;
/** A context with fewer tokens has no room for all domains: the tokens of small models are little more than letters. */
const ROOM_FOR_ALL = 120;

/**
 * The text, English first, of the experts' domains that have one, and how many tokens to generate after it; undefined if
 * there are not two domains.
 *
 * @param room tokens that the context has room for
 */
export function contextSwitch(
  experts: readonly string[],
  room: number,
): { readonly text: string; readonly length: number } | undefined {
  const parts = ["english", ...experts.filter((domain) => domain !== "english")]
    .flatMap((domain) => Object.hasOwn(TEXTS, domain) ? [TEXTS[domain]!] : []);
  if (parts.length < 2) return undefined;
  const text = parts.slice(0, room < ROOM_FOR_ALL ? 2 : parts.length).join("");
  return { text, length: Math.max(1, Math.min(LENGTH, Math.floor(room / 8))) };
}
