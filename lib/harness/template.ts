// Jinja templates, rendered as the harness does: values as Python writes them, and nothing that is undefined.
import { Environment, Interpreter, parse, tokenize } from "@huggingface/jinja";
import { UserError } from "../errors.ts";
import { PythonFloat, pythonText } from "./python-values.ts";
import { pythonRegex } from "./python-regex.ts";

type Runtime = ReturnType<Environment["set"]>;
type Statement = NonNullable<Parameters<Interpreter["evaluate"]>[0]>;

/** What the harness puts into a template: the fields of a document. */
export type Fields = Readonly<Record<string, unknown>>;

/** A template that was parsed. @returns the text @throws Error with what the template asks for and cannot have */
export type Renderer = (fields: Fields) => string;

/**
 * Parses a template.
 *
 * The harness renders with Jinja's defaults: no line ends are removed after blocks, and the last one is kept.
 *
 * @param where its place, for messages: `task.yaml line 7`
 * @throws UserError `harness.template` for a template that is not Jinja
 */
export function parseTemplate(template: string, where: string): Renderer {
  let program: ReturnType<typeof parse>;
  try {
    // The library drops one line end at the end, and Jinja takes every kind of line end for a newline.
    program = parse(tokenize(`${template.replaceAll(/\r\n?/g, "\n")}\n`));
  } catch (error) {
    throw templateError(where, `is not a Jinja template: ${(error as Error).message}`);
  }
  return (fields) => {
    const environment = new Environment();
    for (
      const [name, value] of [["True", true], ["False", false], ["None", null], ["true", true], ["false", false], [
        "none",
        null,
      ]] as const
    ) environment.set(name, value);
    environment.set("range", (from: number, to?: number) => {
      const [start, end] = to === undefined ? [0, from] : [from, to];
      return Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i);
    });
    for (const [name, value] of Object.entries(fields)) withFloats(environment.set(name, plain(value)), value);
    return String(machine(environment).run(program).value);
  };
}

/** The error for a template that cannot be used. */
export function templateError(where: string, what: string): UserError {
  return new UserError(
    "harness.template",
    `${where}: the template ${what}`,
    "templates may use the fields of the data, Jinja's statements, and filters such as trim, join and regex_replace",
  );
}

/**
 * An interpreter that prints as Python does. It replaces two methods that the library does not publish; its version is
 * pinned for that reason.
 */
function machine(environment: Environment): Interpreter {
  const interpreter = new Interpreter(environment);
  const { applyFilter } = interpreter as unknown as { applyFilter: ApplyFilter };
  return Object.assign(interpreter, {
    evaluateBlock(statements: readonly Statement[], scope: Environment): Runtime {
      const text = statements.map((statement) => {
        const value = interpreter.evaluate(statement, scope) as Runtime;
        if (SILENT.has(statement.type)) return "";
        if (value.type === "UndefinedValue") throw new Error(`${nameOf(statement)} is undefined`);
        return pythonText(toPlain(value));
      }).join("");
      return textValue(interpreter, scope, text);
    },
    applyFilter(operand: Runtime, filter: FilterNode, scope: Environment): Runtime {
      if (operand.type === "UndefinedValue" && filter.callee?.value !== "default") {
        throw new Error("a filter is applied to what is undefined");
      }
      if (filter.callee?.value !== "regex_replace") return applyFilter.call(interpreter, operand, filter, scope);
      const [pattern, replacement] = (filter.args ?? []).map((node) => String(interpreter.evaluate(node, scope).value));
      if (pattern === undefined || replacement === undefined) throw new Error("regex_replace needs two arguments");
      const inJavaScript = replacement.replaceAll("$", "$$$$").replace(
        /\\(?:g<(\w+)>|(\d))/g,
        (_, name, digit) => name === undefined || /^\d+$/.test(name) ? `$${digit ?? name}` : `$<${name}>`,
      );
      return textValue(interpreter, scope, String(operand.value).replace(pythonRegex(pattern), inJavaScript));
    },
  });
}

interface FilterNode {
  readonly callee?: { readonly value?: string };
  readonly args?: readonly Statement[];
}
type ApplyFilter = (operand: Runtime, filter: FilterNode, scope: Environment) => Runtime;

/** Statements whose value is not printed. */
const SILENT: ReadonlySet<string> = new Set(["Set", "Macro", "Comment", "Break", "Continue"]);

function textValue(interpreter: Interpreter, scope: Environment, value: string): Runtime {
  return interpreter.evaluate({ type: "StringLiteral", value } as unknown as Statement, scope) as Runtime;
}

/** `answer`, `doc.answer`: what a node of the program is called. */
function nameOf(node: unknown): string {
  const { type, value, object, property } = node as Record<string, unknown>;
  if (type === "Identifier" || type === "IntegerLiteral") return String(value);
  if (type === "StringLiteral") return JSON.stringify(value);
  if (type === "MemberExpression") return `${nameOf(object)}.${nameOf(property)}`;
  return "an expression";
}

/** A field as the library takes it. */
function plain(value: unknown): unknown {
  if (value instanceof PythonFloat) return value.value;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}

/** Gives whole floats the library's type of floats, which it gives to numbers with a fraction only. */
function withFloats(runtime: Runtime, value: unknown): Runtime {
  if (value instanceof PythonFloat) {
    if (runtime.type === "FloatValue") return runtime;
    const half = new Environment().set("half", 0.5);
    return Object.assign(runtime, { type: half.type }) as Runtime;
  }
  if (Array.isArray(value)) {
    const items = runtime.value as unknown as Runtime[];
    value.forEach((one, i) => withFloats(items[i]!, one));
  } else if (typeof value === "object" && value !== null) {
    const items = runtime.value as unknown as Map<string, Runtime>;
    for (const [key, one] of Object.entries(value)) withFloats(items.get(key)!, one);
  }
  return runtime;
}

/** A value of the library as Python's. */
function toPlain({ type, value }: Runtime): unknown {
  if (type === "FloatValue") return new PythonFloat(value as unknown as number);
  if (type === "ArrayValue" || type === "TupleValue") return (value as unknown as Runtime[]).map(toPlain);
  if (type === "ObjectValue") {
    const entries = [...value as unknown as Map<string, Runtime>];
    return Object.fromEntries(entries.map(([key, one]) => [key, toPlain(one)]));
  }
  if (type === "FunctionValue" || type === "NamespaceValue") throw new Error("a function cannot be printed");
  return value;
}
