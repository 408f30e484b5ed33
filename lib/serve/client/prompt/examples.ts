// A text that goes from domain to domain, to see the gates change with the context.

/** A few words of each built-in domain. */
const TEXTS: Readonly<Record<string, string>> = {
  english: "The President said to the Congress that the people of the United States had kept the peace. ",
  code: "function add(a, b) {\n  const sum = a + b;\n  return sum;\n}\n",
  math: "What is 12 plus 7? 19\nWhat is 20 minus 8? 12\n",
  multilingual: "Der Typ kann nicht zugewiesen werden. Le type ne peut pas être assigné. ",
};

/** The text, English first, of the experts' domains that have one; undefined if there are not two domains. */
export function contextSwitch(experts: readonly string[]): string | undefined {
  const parts = ["english", ...experts.filter((domain) => domain !== "english")]
    .flatMap((domain) => Object.hasOwn(TEXTS, domain) ? [TEXTS[domain]!] : []);
  return parts.length < 2 ? undefined : parts.join("");
}
