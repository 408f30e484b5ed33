// A text that goes from domain to domain, to see the gates change with the context.

/** A few words of each built-in domain, few enough for models with a short context. */
const TEXTS: Readonly<Record<string, string>> = {
  english: "The people of the United States have kept the peace. ",
  code: "function add(a, b) {\n  return a + b;\n}\n",
  math: "What is 12 plus 7? 19\n",
  multilingual: "Le type ne peut pas être assigné. ",
};

/** The text, English first, of the experts' domains that have one; undefined if there are not two domains. */
export function contextSwitch(experts: readonly string[]): string | undefined {
  const parts = ["english", ...experts.filter((domain) => domain !== "english")]
    .flatMap((domain) => Object.hasOwn(TEXTS, domain) ? [TEXTS[domain]!] : []);
  return parts.length < 2 ? undefined : parts.join("");
}
