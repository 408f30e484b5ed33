// Expressions as Python's Jinja2 evaluates them where the library differs: what is undefined has no attributes and takes no
// part in arithmetic, but is empty where it is looped over, joined or printed; values are compared as Python compares them.
import { Environment, type Interpreter } from "@huggingface/jinja";
import type { JinjaValue } from "./meter.ts";
import type { JinjaNode } from "./parse.ts";

interface Node {
  readonly type: string;
  readonly value?: unknown;
  readonly computed?: boolean;
  readonly object?: JinjaNode;
  readonly property?: JinjaNode & { readonly value?: unknown };
  readonly callee?: JinjaNode & Pick<Node, "property" | "computed">;
  readonly operator?: { readonly value: string };
  readonly argument?: JinjaNode;
  readonly iterable?: JinjaNode & { readonly lhs?: JinjaNode };
}

type Evaluation = (this: Interpreter, node: Node, scope: Environment) => JinjaValue;

/** What the library has and does not publish. Its version is pinned for that reason. */
interface Inner {
  evaluateIdentifier: Evaluation;
  evaluateMemberExpression: Evaluation;
  evaluateCallExpression: Evaluation;
  evaluateFor: Evaluation;
  evaluateUnaryExpression: Evaluation;
}

/** The parts of an interpreter that its owner calls. */
export interface Jinja2 {
  /** The result of an operator; undefined for the library's own. @throws Error with Jinja2's words */
  binary(operator: string, left: JinjaValue, right: JinjaValue): JinjaValue | undefined;
  /** What a filter works on in place of what is undefined. */
  filtered(name: string, operand: JinjaValue): JinjaValue | undefined;
}

/** Python's names of the types. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  ObjectValue: "'dict object'",
  ArrayValue: "'list object'",
  StringValue: "'str object'",
  IntegerValue: "'int object'",
  FloatValue: "'float object'",
  BooleanValue: "'bool object'",
  NullValue: "'None'",
};

/** Methods of lists and dictionaries that Jinja2's sandbox refuses, because they change them. */
const CHANGING: ReadonlySet<string> = new Set(
  ["append", "clear", "extend", "insert", "pop", "popitem", "remove", "reverse", "setdefault", "sort", "update"],
);

/** Filters of texts, for which what is undefined is an empty one. For the others it is an empty list. */
const OF_TEXTS: ReadonlySet<string> = new Set(
  ["capitalize", "escape", "indent", "lower", "replace", "safe", "string", "title", "trim", "upper"],
);

const isUndefined = ({ type }: JinjaValue) => type === "UndefinedValue";

/**
 * Makes an interpreter evaluate as Jinja2 does.
 *
 * @param hold a node whose value is known
 * @param print the text of a value
 */
export function likeJinja2(
  machine: Interpreter,
  hold: (value: JinjaValue) => JinjaNode,
  print: (value: JinjaValue, node: JinjaNode) => string,
): Jinja2 {
  const inner = machine as unknown as Inner;
  const { evaluateIdentifier, evaluateMemberExpression, evaluateCallExpression, evaluateFor, evaluateUnaryExpression } =
    inner;
  const run = (node: JinjaNode, scope: Environment) => machine.evaluate(node, scope) as JinjaValue;
  /** Why values are undefined. */
  const reasons = new WeakMap<JinjaValue, string>();
  const undefinedError = (value: JinjaValue) => new Error(reasons.get(value) ?? "A value is undefined");
  const told = (value: JinjaValue, reason: string) => {
    if (isUndefined(value) && !reasons.has(value)) reasons.set(value, reason);
    return value;
  };

  Object.assign(machine, {
    evaluateIdentifier(node: Node, scope: Environment): JinjaValue {
      return told(evaluateIdentifier.call(machine, node, scope), `'${node.value}' is undefined`);
    },
    evaluateMemberExpression(node: Node, scope: Environment): JinjaValue {
      const object = run(node.object!, scope);
      if (isUndefined(object)) throw undefinedError(object);
      const isSlice = node.property!.type === "SliceExpression";
      const key = node.computed && !isSlice ? run(node.property!, scope) : undefined;
      const property = key === undefined ? node.property! : hold(key);
      const value = evaluateMemberExpression.call(machine, { ...node, object: hold(object), property }, scope);
      const name = String(key === undefined ? node.property!.value : key.value);
      const type = TYPE_NAMES[object.type] ?? "the object";
      return told(
        value,
        key?.type === "IntegerValue"
          ? `${type.replaceAll("'", "")} has no element ${name}`
          : `${type} has no attribute '${name}'`,
      );
    },
    evaluateCallExpression(node: Node, scope: Environment): JinjaValue {
      const { property, computed } = node.callee!;
      if (!computed && property !== undefined && CHANGING.has(String(property.value))) {
        throw new Error(
          `access to attribute '${property.value}' is unsafe: templates cannot change what they are given`,
        );
      }
      const callee = run(node.callee!, scope);
      if (isUndefined(callee)) throw undefinedError(callee);
      return evaluateCallExpression.call(
        machine,
        { ...node, callee: hold(callee) as Node["callee"] & JinjaNode },
        scope,
      );
    },
    evaluateUnaryExpression(node: Node, scope: Environment): JinjaValue {
      const argument = run(node.argument!, scope);
      if (isUndefined(argument) && node.operator!.value !== "not") throw undefinedError(argument);
      return evaluateUnaryExpression.call(machine, { ...node, argument: hold(argument) }, scope);
    },
    evaluateFor(node: Node, scope: Environment): JinjaValue {
      const { iterable } = node;
      const isFiltered = iterable!.type === "SelectExpression";
      const items = hold(iterableOf(run(isFiltered ? iterable!.lhs! : iterable!, new Environment(scope))));
      const held = isFiltered ? { ...iterable!, lhs: items } : items;
      return evaluateFor.call(machine, { ...node, iterable: held as JinjaNode }, scope);
    },
  });

  return {
    binary(operator, left, right) {
      const truth = (value: boolean) => made(operator === "!=" || operator === "not in" ? !value : value);
      if (operator === "==" || operator === "!=") return truth(areEqual(left, right));
      if (operator === "~") return made([left, right].map((one) => print(one, hold(one))).join(""));
      if (operator === "in" || operator === "not in") {
        if (isUndefined(right)) return truth(false);
        if (right.type !== "ArrayValue") return undefined;
        return truth((right.value as unknown as JinjaValue[]).some((one) => areEqual(one, left)));
      }
      const missing = [left, right].find(isUndefined);
      if (missing !== undefined) throw undefinedError(missing);
      if (operator === "%" && isWhole(left) && isWhole(right)) {
        const [a, b] = [Number(left.value), Number(right.value)];
        if (b !== 0) return made(((a % b) + b) % b);
      }
      if (operator === "*") {
        return isWhole(left) ? repeated(right, left) : isWhole(right) ? repeated(left, right) : undefined;
      }
      return undefined;
    },
    filtered(name, operand) {
      if (!isUndefined(operand) || name === "default" || name === "d" || name === "tojson") return undefined;
      return made(OF_TEXTS.has(name) ? "" : []);
    },
  };
}

/** A value of the library. */
const made = (value: unknown): JinjaValue => new Environment().set("value", value);

const isWhole = ({ type }: JinjaValue) => type === "IntegerValue";

/** A text or list, so many times; undefined for anything else. */
function repeated({ type, value }: JinjaValue, times: JinjaValue): JinjaValue | undefined {
  const content = value as unknown as string | readonly JinjaValue[];
  const count = Math.max(0, Number(times.value));
  if (type !== "StringValue" && type !== "ArrayValue") return undefined;
  if (content.length * count > LONGEST) throw new RangeError("too long");
  if (typeof content === "string") return made(content.repeat(count));
  return Object.assign(made([]), { value: Array.from({ length: count }, () => content).flat() });
}

/** Of what is repeated, characters or items. */
const LONGEST = 2 ** 22;

/** What a loop goes over: nothing for what is undefined, and the characters of a text. */
function iterableOf(value: JinjaValue): JinjaValue {
  if (isUndefined(value)) return made([]);
  return value.type === "StringValue" ? made([...String(value.value)]) : value;
}

/** Python's `==`. */
function areEqual(a: JinjaValue, b: JinjaValue): boolean {
  const isNumber = ({ type }: JinjaValue) =>
    type === "IntegerValue" || type === "FloatValue" || type === "BooleanValue";
  if (isNumber(a) && isNumber(b)) return Number(a.value) === Number(b.value);
  if (a.type !== b.type) return false;
  if (Array.isArray(a.value)) {
    const [one, other] = [a.value, b.value] as unknown as JinjaValue[][];
    return one!.length === other!.length && one!.every((value, i) => areEqual(value, other![i]!));
  }
  if (a.type === "ObjectValue") {
    const [one, other] = [a.value, b.value] as unknown as Map<string, JinjaValue>[];
    return one!.size === other!.size &&
      [...one!].every(([key, value]) => other!.has(key) && areEqual(value, other!.get(key)!));
  }
  return isUndefined(a) || a.value === b.value;
}
