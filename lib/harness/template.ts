// Jinja templates, rendered as the harness does: values as Python writes them, and nothing that is undefined.
import { UserError } from "../errors.ts";
import {
  Environment,
  type JinjaDialect,
  type JinjaNode,
  type JinjaProgram,
  type JinjaValue,
  parseJinja,
  PythonFloat,
  pythonText,
  renderJinja,
  toPlain,
} from "../jinja/mod.ts";
import { pythonRegex } from "./python-regex.ts";
import { withinSeconds } from "./within-seconds.ts";

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
  let program: JinjaProgram;
  try {
    program = parseJinja(template, { keepLastLineEnd: true });
  } catch (error) {
    throw templateError(where, `is not a Jinja template: ${(error as Error).message}`);
  }
  return (fields) => {
    const environment = new Environment();
    for (const [name, value] of Object.entries(CONSTANTS)) environment.set(name, value);
    // A field may have the name of one of Jinja's functions.
    for (const [name, value] of Object.entries(fields)) {
      environment.setVariable(name, withFloats(new Environment().set("field", plain(value)), value));
    }
    return renderJinja(program, environment, AS_PYTHON);
  };
}

const CONSTANTS = { True: true, False: false, None: null, true: true, false: false, none: null };

/** The error for a template that cannot be used. */
export function templateError(where: string, what: string): UserError {
  return new UserError(
    "harness.template",
    `${where}: the template ${what}`,
    "templates may use the fields of the data, Jinja's statements, and filters such as trim, join and regex_replace",
  );
}

/** Prints as Python does, and refuses what is undefined. */
const AS_PYTHON: JinjaDialect = {
  print(value, node) {
    if (value.type === "UndefinedValue") throw new Error(`${nameOf(node)} is undefined`);
    return pythonText(toPlain(value));
  },
  filter({ name, operand, args, text, usual }) {
    if (operand.type === "UndefinedValue" && name !== "default") {
      throw new Error("a filter is applied to what is undefined");
    }
    if (name !== "regex_replace") return usual();
    const [pattern, replacement] = args().map(({ value }) => String(value));
    if (pattern === undefined || replacement === undefined) throw new Error("regex_replace needs two arguments");
    const inJavaScript = replacement.replaceAll("$", "$$$$").replace(
      /\\(?:g<(\w+)>|(\d))/g,
      (_, name, digit) => name === undefined || /^\d+$/.test(name) ? `$${digit ?? name}` : `$<${name}>`,
    );
    const replaced = () => String(operand.value).replace(pythonRegex(pattern), inJavaScript);
    return text(withinSeconds("regular expressions of regex_replace", replaced));
  },
};

/** `answer`, `doc.answer`: what a node of the program is called. */
function nameOf(node: JinjaNode): string {
  const { type, value, object, property } = node as unknown as Record<string, unknown>;
  if (type === "Identifier" || type === "IntegerLiteral") return String(value);
  if (type === "StringLiteral") return JSON.stringify(value);
  if (type === "MemberExpression") return `${nameOf(object as JinjaNode)}.${nameOf(property as JinjaNode)}`;
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
function withFloats(runtime: JinjaValue, value: unknown): JinjaValue {
  if (value instanceof PythonFloat) {
    if (runtime.type === "FloatValue") return runtime;
    const half = new Environment().set("half", 0.5);
    return Object.assign(runtime, { type: half.type }) as JinjaValue;
  }
  if (Array.isArray(value)) {
    const items = runtime.value as unknown as JinjaValue[];
    value.forEach((one, i) => withFloats(items[i]!, one));
  } else if (typeof value === "object" && value !== null) {
    const items = runtime.value as unknown as Map<string, JinjaValue>;
    for (const [key, one] of Object.entries(value)) withFloats(items.get(key)!, one);
  }
  return runtime;
}
