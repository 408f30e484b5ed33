// JavaScript's regular expressions as automata; what is not regular is refused by name.
import { type AST, RegExpParser } from "@eslint-community/regexpp";
import { UserError } from "../../errors.ts";
import { ANY_TEXT, type CharAutomaton, charAutomaton, intersect, type Pattern } from "./char-automaton.ts";
import { ANY, both, type CodePoints, codePoints, complement, matching, union } from "./code-points.ts";
import { otherTexts } from "./complement.ts";
import { shortened } from "./shortened.ts";

/**
 * The automaton of a regular expression, in the syntax of JavaScript with the flag `u`. Lookaheads are supported at the
 * beginning of the text, as in `^(?!-)…`.
 *
 * @param options.anywhere whether a match may be anywhere in the text, as the keyword `pattern` of JSON Schema means it.
 *   @default false: it is the whole text
 * @throws UserError `constraint.pattern` for what is malformed or not supported; `constraint.too-large`
 */
export function regularExpression(source: string, { anywhere = false } = {}): CharAutomaton {
  const { alternatives } = parse(source);
  const elements = alternatives.length === 1 ? alternatives[0]!.elements : [];
  const isStart = (element: AST.Element) => element.type === "Assertion" && element.kind === "start";
  const isAhead = (element: AST.Element) => element.type === "Assertion" && element.kind === "lookahead";
  const length = elements.findIndex((element) => !isStart(element) && !isAhead(element));
  const head = length < 0 ? elements : elements.slice(0, length);
  const aheads = head.filter((element) => element.type === "Assertion" && element.kind === "lookahead");
  const isAtStart = !anywhere || (head.length > 0 && isStart(head[0]!));
  if (aheads.length === 0 || !isAtStart) {
    const pattern = choiceOf(alternatives, source);
    return charAutomaton(anywhere ? containing(pattern) : pattern);
  }
  const rest = elements.slice(head.length).map((element) => patternOf(element, source));
  const main = charAutomaton({ kind: "sequence", parts: anywhere ? [...rest, ANY_TEXT] : rest });
  return aheads.map((ahead) => {
    const seen = charAutomaton({ kind: "sequence", parts: [choiceOf(ahead.alternatives, source), ANY_TEXT] });
    return ahead.negate ? otherTexts(seen) : seen;
  }).reduce(intersect, main);
}

function containing(pattern: Pattern): Pattern {
  return { kind: "sequence", parts: [ANY_TEXT, pattern, ANY_TEXT] };
}

/** Levels of groups within each other; what reads patterns calls itself at each. */
const DEEPEST = 500;

/** Before anything that calls itself. */
function checkDepth(source: string): void {
  let depth = 0;
  let isClass = false;
  for (let at = 0; at < source.length; at++) {
    const sign = source[at]!;
    if (sign === "\\") at++;
    else if (isClass) isClass = sign !== "]";
    else if (sign === "[") isClass = true;
    else if (sign === ")") depth--;
    else if (sign === "(" && ++depth > DEEPEST) {
      const what = `groups are nested in each other more than ${DEEPEST} levels deep`;
      throw new UserError("constraint.pattern", `The regular expression cannot be used: ${what}`);
    }
  }
}

function parse(source: string): AST.Pattern {
  checkDepth(source);
  try {
    new RegExp(source, "u");
    return new RegExpParser().parsePattern(source, 0, source.length, { unicode: true });
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const reason = error.message.slice(error.message.lastIndexOf(": ")); // after the whole expression
    throw new UserError(
      "constraint.pattern",
      `The regular expression is malformed: /${shortened(source)}/u${reason}`,
      "Use JavaScript's syntax with the flag u: a backslash goes before ^$\\.*+?()[]{}|/ but not before other punctuation",
    );
  }
}

function choiceOf(alternatives: readonly AST.Alternative[], source: string): Pattern {
  const parts = alternatives.map(({ elements }): Pattern => ({
    kind: "sequence",
    parts: elements.map((element) => patternOf(element, source)),
  }));
  return parts.length === 1 ? parts[0]! : { kind: "choice", parts };
}

function patternOf(element: AST.Element, source: string): Pattern {
  switch (element.type) {
    case "Character":
    case "CharacterSet":
    case "CharacterClass":
    case "ExpressionCharacterClass":
      return { kind: "set", set: setOf(element, source) };
    case "Group":
      if (element.modifiers !== null) throw refused(`the modifiers in ${element.raw}`, source);
      return choiceOf(element.alternatives, source);
    case "CapturingGroup":
      return choiceOf(element.alternatives, source);
    case "Quantifier":
      return {
        kind: "repeat",
        item: patternOf(element.element, source),
        min: element.min,
        max: element.max,
      };
    case "Assertion":
      if (element.kind === "start" || element.kind === "end") return { kind: element.kind };
      throw refused(`the ${element.kind === "word" ? "word boundary" : element.kind} ${element.raw}`, source);
    case "Backreference":
      throw refused(`the backreference ${element.raw}`, source);
  }
}

const LINE_ENDS = codePoints(0x0a, 0x0a, 0x0d, 0x0d, 0x2028, 0x2029);
const DIGITS = codePoints(0x30, 0x39);
const WORD = codePoints(0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a);

type SetNode = AST.Element | AST.CharacterClassElement | AST.ClassSetOperand;

function setOf(node: SetNode | AST.ClassIntersection | AST.ClassSubtraction, source: string): CodePoints {
  const negated = (set: CodePoints, negate: boolean) => negate ? complement(set) : set;
  switch (node.type) {
    case "Character":
      return codePoints(node.value, node.value);
    case "CharacterClassRange":
      return codePoints(node.min.value, node.max.value);
    case "CharacterSet":
      if (node.kind === "any") return both(ANY, complement(LINE_ENDS));
      if (node.kind === "property") return matching(node.raw);
      if (node.kind === "space") return negated(matching("\\s"), node.negate);
      return negated(node.kind === "digit" ? DIGITS : WORD, node.negate);
    case "CharacterClass":
      return negated(union(...node.elements.map((one) => setOf(one, source))), node.negate);
    default:
      throw refused(node.raw, source);
  }
}

function refused(what: string, source: string): UserError {
  return new UserError(
    "constraint.pattern",
    `The regular expression ${shortened(source)} cannot be used: ${shortened(what)} is not supported`,
    "Use what a finite automaton can do: characters, classes, groups, |, ^, $ and the quantifiers ?, *, +, {n,m}; lookaheads after ^",
  );
}
