// Rendering a program, with a meter in the places where the library does work that a template decides on.
import { type Environment, Interpreter } from "@huggingface/jinja";
import { likeJinja2 } from "./jinja2.ts";
import { JinjaLimitError, type JinjaValue, type Meter, startMeter } from "./meter.ts";
import type { JinjaNode, JinjaProgram } from "./parse.ts";

export type { JinjaValue } from "./meter.ts";
export type { JinjaNode } from "./parse.ts";

/** A filter as it stands in a template: its name, or a call. */
export interface FilterNode {
  readonly type: string;
  readonly value?: string;
  readonly callee?: { readonly value?: string };
  readonly args?: readonly JinjaNode[];
}

/** What a filter that the dialect has may use. */
export interface FilterCall {
  readonly name: string;
  readonly operand: JinjaValue;
  /** Values of the arguments. */
  args(): readonly JinjaValue[];
  /** A text as a value. */
  text(content: string): JinjaValue;
  /** What the library's own filter of this name gives. */
  usual(): JinjaValue;
}

/** What callers differ in. */
export interface JinjaDialect {
  /** The text of a value that is printed. @default as the library: nothing for none and what is undefined */
  readonly print?: (value: JinjaValue, node: JinjaNode) => string;
  /** Applies a filter. @default the library's */
  readonly filter?: (call: FilterCall) => JinjaValue;
  /** Whether expressions mean what they mean in Python's Jinja2 where the library differs. @default false */
  readonly python?: boolean;
}

/** Statements whose value is not printed. */
const SILENT: ReadonlySet<string> = new Set(["Set", "Macro", "Comment", "Break", "Continue"]);
/** Nodes that make a value which was not there before. */
const MAKERS: ReadonlySet<string> = new Set([
  ...["BinaryExpression", "CallExpression", "FilterExpression", "FilterStatement", "CallStatement"],
  ...["ArrayLiteral", "TupleLiteral", "ObjectLiteral"],
]);
/** Filters that write their operand out. */
const WRITERS: ReadonlySet<string> = new Set(["tojson", "string", "join"]);

/** What the library has and does not publish. Its version is pinned for that reason. */
interface Inner {
  evaluate(node: JinjaNode | undefined, scope: Environment): JinjaValue;
  evaluateBinaryExpression(node: BinaryNode, scope: Environment): JinjaValue;
  applyFilter(operand: JinjaValue, node: FilterNode, scope: Environment): JinjaValue;
}
interface BinaryNode {
  readonly operator: { readonly value: string };
  readonly left: JinjaNode;
  readonly right: JinjaNode;
}

/**
 * The text of a program. `range()` is put into the environment unless it has something of that name.
 *
 * @throws JinjaLimitError when it takes too many steps or seconds, or makes too much text; Error with what it asks for and
 *   cannot have
 */
export function renderJinja(program: JinjaProgram, environment: Environment, dialect: JinjaDialect = {}): string {
  const meter = startMeter();
  if (!environment.variables.has("range")) environment.set("range", boundedRange(meter));
  try {
    return String(interpreter(environment, meter, dialect).run(program).value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new JinjaLimitError(
      /call stack/.test(error.message)
        ? "writes values that are nested too deeply"
        : "makes a text or list that is too long",
    );
  }
}

function interpreter(
  environment: Environment,
  meter: Meter,
  { print = usualText, filter, python = false }: JinjaDialect,
): Interpreter {
  const machine = new Interpreter(environment);
  const jinja2 = python ? likeJinja2(machine, (value) => nodeOf(HELD, value), print) : undefined;
  const { evaluate, evaluateBinaryExpression, applyFilter } = machine as unknown as Inner;
  const run = (node: JinjaNode, scope: Environment) => machine.evaluate(node, scope) as JinjaValue;
  const text = (content: string, scope: Environment) => run(nodeOf("StringLiteral", content), scope);
  return Object.assign(machine, {
    evaluate(node: JinjaNode | undefined, scope: Environment): JinjaValue {
      if (node?.type === HELD) return (node as unknown as { readonly value: JinjaValue }).value;
      const value = meter.within(() => evaluate.call(machine, node, scope));
      if (MAKERS.has(node?.type ?? "") || isSlice(node)) meter.made(value);
      return value;
    },
    evaluateBinaryExpression(node: BinaryNode, scope: Environment): JinjaValue {
      const operator = node.operator.value;
      if (operator === "and" || operator === "or") return evaluateBinaryExpression.call(machine, node, scope);
      const operands = [run(node.left, scope), run(node.right, scope)] as const;
      const writes = operator === "~" || operator === "+" && operands.some(({ type }) => type === "StringValue");
      for (const operand of operands) writes ? meter.writtenOut(operand) : meter.made(operand);
      const result = jinja2?.binary(operator, ...operands);
      if (result !== undefined) return result;
      const [left, right] = operands.map((operand) => nodeOf(HELD, operand)) as [JinjaNode, JinjaNode];
      return evaluateBinaryExpression.call(machine, { ...node, left, right }, scope);
    },
    evaluateBlock(statements: readonly JinjaNode[], scope: Environment): JinjaValue {
      let written = "";
      for (const statement of statements) {
        const value = run(statement, scope);
        if (SILENT.has(statement.type)) continue;
        if (value.type !== "StringValue") meter.writtenOut(value);
        written += print(value, statement);
      }
      const value = text(written, scope);
      meter.made(value);
      return value;
    },
    applyFilter(operand: JinjaValue, node: FilterNode, scope: Environment): JinjaValue {
      const name = String(node.callee?.value ?? node.value);
      if (WRITERS.has(name)) meter.writtenOut(operand);
      const usual = () => applyFilter.call(machine, jinja2?.filtered(name, operand) ?? operand, node, scope);
      if (filter === undefined) return usual();
      const args = () => (node.args ?? []).map((one) => run(one, scope));
      return filter({ name, operand, usual, args, text: (content) => text(content, scope) });
    },
  });
}

/** The type of a node that stands for a value. */
const HELD = "Held";

const nodeOf = (type: string, value: unknown): JinjaNode => ({ type, value } as unknown as JinjaNode);

function isSlice(node: JinjaNode | undefined): boolean {
  const { type, property } = (node ?? {}) as { readonly type?: string; readonly property?: { readonly type: string } };
  return type === "MemberExpression" && property?.type === "SliceExpression";
}

function usualText(value: JinjaValue): string {
  return value.type === "NullValue" || value.type === "UndefinedValue" ? "" : value.toString();
}

/** Python's `range()`, counted before it is made. */
function boundedRange(meter: Meter): (...bounds: unknown[]) => number[] {
  return (...bounds) => {
    if (bounds.length < 1 || bounds.length > 3 || !bounds.every((one) => Number.isInteger(one))) {
      throw new Error("range() takes one to three whole numbers");
    }
    const [from, to, by = 1] = (bounds.length === 1 ? [0, ...bounds] : bounds) as number[];
    if (by === 0) throw new Error("range() needs a step other than 0");
    const count = Math.max(0, Math.ceil((to! - from!) / by));
    meter.step(count);
    return Array.from({ length: count }, (_, i) => from! + i * by);
  };
}
