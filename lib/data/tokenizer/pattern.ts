// Regular expressions of tokenizers, which Python's library gives to Oniguruma, as JavaScript's.

/** White_Space, which is Oniguruma's `\s`; JavaScript's has U+FEFF and lacks U+0085. */
const SPACE = "\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

/** What a piece of the expression becomes. */
type Rule = readonly [piece: RegExp, replacement: string | ((match: RegExpExecArray) => string)];

const category = (negated: boolean, name: string) => `\\${negated ? "P" : "p"}{${name}}`;
const literal = (character: string) => `\\u{${character.codePointAt(0)!.toString(16)}}`;

/** The characters that equal an ASCII letter if case is ignored. */
function bothCases(letter: string): string {
  const further = { s: "\\u017f", k: "\\u212a" }[letter.toLowerCase()] ?? "";
  return `[${letter.toLowerCase()}${letter.toUpperCase()}${further}]`;
}

const RULES: readonly Rule[] = [
  [/\\p\{(\^?)([LMNPSZ][a-z]?)\}/yv, ([, not, name]) => category(not !== "", name!)],
  [/\\P\{([LMNPSZ][a-z]?)\}/yv, ([, name]) => category(true, name!)],
  [/\\s/yv, `[${SPACE}]`],
  [/\\S/yv, `[^${SPACE}]`],
  [/\\d/yv, "\\p{Nd}"],
  [/\\D/yv, "\\P{Nd}"],
  [/\\[rntf]/yv, ([all]) => all!],
  [/\\([^\p{L}\p{N}])/yv, ([, character]) => literal(character!)],
];

const OUTSIDE_CLASS: readonly Rule[] = [
  ...RULES,
  // Spelled out, since with (?i:…) anywhere V8 also takes U+0345 for a letter. For ASCII letters only, and not where two of
  // them are also one character, such as U+FB06.
  [/\(\?i:(?![^\)]*(?:ss|st|f[fil]))([A-Za-z'\|]+)\)/iyv, ([, text]) => `(?:${text!.replace(/[A-Za-z]/g, bothCases)})`],
  [/\(\?(?:[:=!]|<[=!])/yv, ([all]) => all!],
  [/\((?!\?)/yv, "(?:"],
  [/[\)\|]/yv, ([all]) => all!],
  [/(?:[*+?]\??|\{\d+(?:,\d*)?\})(?![*+?\{])/yv, ([all]) => all!], // nothing possessive
  [/\./yv, "[^\\n]"],
  [/[^\\\(\)\[\]\{\}\|*+?.^$]/yv, ([all]) => literal(all!)],
];

const IN_CLASS: readonly Rule[] = [
  ...RULES,
  [/-(?!\])/yv, "-"],
  [/[^\\\[\]\&\^]/yv, ([all]) => literal(all!)],
];

/**
 * The expression in JavaScript, for the flag `v`, that matches what `source` matches in Oniguruma; undefined if it uses what
 * we do not translate, or matches an empty text.
 */
export function translatePattern(source: string): string | undefined {
  let inClass = false;
  let out = "";
  for (let at = 0; at < source.length;) {
    const opens = inClass ? null : matchAt(/\[\^?(?!\])/yv, source, at);
    if (opens !== null || (inClass && source[at] === "]")) {
      out += opens === null ? "]" : opens[0];
      at += opens === null ? 1 : opens[0].length;
      inClass = !inClass;
      continue;
    }
    const rules = inClass ? IN_CLASS : OUTSIDE_CLASS;
    const found = rules.map(([piece, replacement]) => ({ match: matchAt(piece, source, at), replacement }))
      .find(({ match }) => match !== null);
    if (found === undefined) return undefined;
    const { match, replacement } = found;
    out += typeof replacement === "string" ? replacement : replacement(match!);
    at += match![0].length;
  }
  try {
    return new RegExp(`^(?:${out})$`, "v").test("") ? undefined : out;
  } catch {
    return undefined;
  }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** A pattern for what lies between two matches of `pattern`. */
export const between = (pattern: string): string => `(?:(?!${pattern})[^])+`;
