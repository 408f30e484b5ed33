// JSON numbers within bounds, as regular expressions and automata over decimal digits.
import { type CharAutomaton, type CharState, intersect } from "../char-automaton.ts";
import { choice, type Expression, sequence, text } from "../grammar.ts";
import { regularExpression } from "../regular-expression.ts";
import type { Alternative, Bound } from "./alternative.ts";
import { schemaFault } from "./nodes.ts";
import { matches } from "./text.ts";

/** Short enough that no number overflows to infinity. */
const ANY_NUMBER = "-?(?:0|[1-9]\\d{0,20})(?:\\.\\d{1,25})?(?:[eE](?:\\+?\\d{1,2}|-\\d{1,3}))?";

/** Magnitudes that are compared digit by digit: so few digits that different numbers stay different in binary. */
const WHOLE = "(?:0|[1-9]\\d{0,15})";
const DECIMAL = "(?:0|[1-9]\\d{0,14})(?:\\.\\d{1,14})?";
const FEW_DIGITS = "\\d{1,15}|[\\d.]{3,16}";
const TOO_LARGE = 1e15;

const MOST_REMAINDERS = 10_000;

/** Numbers of an alternative. Whole numbers are at most 2^53 - 1, and bounded ones have no exponent. */
export function numberGrammar({ path, isInteger, least, most, multiples }: Alternative): Expression {
  for (const multiple of multiples) {
    if (Number.isInteger(multiple) && multiple <= MOST_REMAINDERS) continue;
    throw schemaFault(
      path,
      `multipleOf ${multiple} is not supported: expected a whole number up to ${MOST_REMAINDERS}`,
    );
  }
  const isWhole = isInteger || multiples.length > 0;
  if (!isWhole && least.length === 0 && most.length === 0) return matches(ANY_NUMBER);
  const safe = { value: Number.MAX_SAFE_INTEGER, isExclusive: false };
  const magnitude = (least: readonly Bound[], most: readonly Bound[]): Expression => {
    const patterns = isWhole
      ? [
        WHOLE,
        ...least.map((bound) => atLeast(wholeBound(bound, 1))),
        ...[...most, safe].map((bound) => atMost(wholeBound(bound, -1))),
      ]
      : [DECIMAL, FEW_DIGITS, ...least.map(atLeast), ...most.map(atMost)];
    const automata = [
      ...patterns.map((pattern) => regularExpression(pattern)),
      ...multiples.filter((multiple) => multiple > 1).map(multiplesOf),
    ];
    return { kind: "automaton", automaton: automata.reduce(intersect) };
  };
  const negated = ({ value, isExclusive }: Bound): Bound => ({ value: -value, isExclusive });
  const aboveZero = { value: 0, isExclusive: true };
  return choice(
    magnitude(least, most),
    sequence(text("-"), magnitude([...most.map(negated), aboveZero], least.map(negated))),
  );
}

/** The same bound of whole numbers, as one that is included. */
function wholeBound({ value, isExclusive }: Bound, direction: 1 | -1): Bound {
  const whole = direction === 1 ? Math.ceil(value) : Math.floor(value);
  return { value: isExclusive && whole === value ? value + direction : whole, isExclusive: false };
}

const NOTHING = "[]";
const FRACTION = "(?:\\.\\d+)?";

/** Decimal numbers without a sign that are at least a bound. */
function atLeast({ value, isExclusive }: Bound): string {
  if (value < 0) return "[\\d.]+";
  if (value >= TOO_LARGE && !Number.isSafeInteger(value)) return NOTHING;
  const { whole, fraction } = decimal(value);
  const L = whole.length;
  return [
    `[1-9]\\d{${L},}${FRACTION}`,
    ...beyond(whole, (digit) => digit < 9 ? `[${digit + 1}-9]` : NOTHING).map((one) => `${one}${FRACTION}`),
    ...beyond(fraction, (digit) => digit < 9 ? `[${digit + 1}-9]` : NOTHING, "*").map((one) => `${whole}\\.${one}`),
    isExclusive
      ? `${whole}\\.${fraction}\\d*[1-9]\\d*`
      : fraction === ""
      ? `${whole}${FRACTION}`
      : `${whole}\\.${fraction}\\d*`,
  ].join("|");
}

/** Decimal numbers without a sign that are at most a bound. */
function atMost({ value, isExclusive }: Bound): string {
  if (value < 0) return NOTHING;
  if (value >= TOO_LARGE && !Number.isSafeInteger(value)) return "[\\d.]+";
  const { whole, fraction } = decimal(value);
  const L = whole.length;
  const shorter = L === 1 ? NOTHING : `(?:0|[1-9]\\d{0,${L - 2}})${FRACTION}`;
  const below = (first: number) => (digit: number, at: number) => {
    const from = at === 0 ? first : 0;
    return digit > from ? `[${from}-${digit - 1}]` : NOTHING;
  };
  const isEqualAllowed = !isExclusive;
  return [
    shorter,
    ...beyond(whole, below(L === 1 ? 0 : 1)).map((one) => `${one}${FRACTION}`),
    ...(isEqualAllowed || fraction !== "" ? [whole] : []),
    ...beyond(fraction, below(0), "*").map((one) => `${whole}\\.${one}`),
    // The bound's own digits, and fewer of them.
    ...Array.from({ length: Math.max(0, fraction.length - 1) }, (_, i) => `${whole}\\.${fraction.slice(0, i + 1)}`),
    ...(isEqualAllowed ? [fraction === "" ? `${whole}\\.0+` : `${whole}\\.${fraction}0*`] : []),
  ].join("|");
}

/** Numbers that have the first digits of another, then one that `other` gives, then any: as many digits, or any number. */
function beyond(digits: string, other: (digit: number, at: number) => string, after?: "*"): string[] {
  return Array.from(
    digits,
    (digit, at) => `${digits.slice(0, at)}${other(Number(digit), at)}\\d${after ?? `{${digits.length - at - 1}}`}`,
  );
}

/** The shortest decimal digits of a number that is not negative, without an exponent. */
function decimal(value: number): { readonly whole: string; readonly fraction: string } {
  const [digits, exponent = "0"] = String(value).split("e") as [string, string?];
  const [whole, fraction = ""] = digits.split(".") as [string, string?];
  const shift = Number(exponent);
  if (shift >= 0) {
    const moved = fraction.padEnd(shift, "0");
    return { whole: `${whole}${moved.slice(0, shift)}`.replace(/^0+(?=\d)/, ""), fraction: moved.slice(shift) };
  }
  return { whole: "0", fraction: `${"0".repeat(-shift - whole.length)}${whole}${fraction}` };
}

/** Whole numbers that a number divides: the states are remainders. */
function multiplesOf(divisor: number): CharAutomaton {
  const edges = (remainder: number) =>
    Array.from({ length: 10 }, (_, digit) => ({
      set: [48 + digit, 48 + digit],
      target: 1 + (remainder * 10 + digit) % divisor,
    }));
  const states = Array.from(
    { length: divisor },
    (_, remainder): CharState => ({ edges: edges(remainder), accepts: remainder === 0 }),
  );
  return [{ edges: edges(0), accepts: false }, ...states];
}
