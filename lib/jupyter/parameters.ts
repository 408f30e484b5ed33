// Parameters of notebooks, as papermill has them: a cell tagged `parameters` declares variables, and a cell tagged
// `injected-parameters` after it gives some of them other values.
import { didYouMean, UserError } from "../errors.ts";
import { readValue, type SchemaNode, typeInWords } from "../run/mod.ts";
import { declaredParameters, type Parameter } from "./declared.ts";
import { tagged } from "./execute.ts";
import { cellId, codeCell, type Notebook } from "./format/mod.ts";

const DECLARES = "parameters";
const INJECTED = "injected-parameters";

/** The parameters that a notebook declares, in order; the last declaration of a name counts. */
export function notebookParameters({ cells }: Notebook): Parameter[] {
  const declared = cells.filter((cell) => cell.cell_type === "code" && tagged(cell, DECLARES))
    .flatMap(({ source }) => declaredParameters(source));
  return [...new Map(declared.map((one) => [one.name, one])).values()];
}

/**
 * Reads `name=value` texts as values of a notebook's parameters.
 *
 * @param name of the notebook's file, for messages
 * @throws UserError `notebook.parameter` for a text without a name or a value, a parameter that no cell declares (naming
 *   those that are declared), and one given twice; `config.wrong-type` for a value that is not of its type
 */
export function readParameters(
  texts: readonly string[],
  declared: readonly Parameter[],
  name: string,
): Map<string, unknown> {
  const values = new Map<string, unknown>();
  for (const text of texts) {
    const [, key = "", value = ""] = /^([^=]*)=([^]*)$/.exec(text)?.map((part) => part.trim()) ?? [];
    if (key === "") {
      throw new UserError("notebook.parameter", `Cannot read --set ${text}: expected name=value`, EXAMPLE);
    }
    const parameter = declared.find((one) => one.name === key);
    if (parameter === undefined) throw undeclared(key, declared, name);
    if (values.has(key)) throw new UserError("notebook.parameter", `Cannot set ${key} twice`, "give it once");
    if (value === "") {
      throw new UserError("notebook.parameter", `Cannot read --set ${text}: ${key} has no value`, EMPTY(key));
    }
    const { schema } = parameter;
    const found = readValue(value, schema, key, `${key} is declared as ${declarationOf(parameter)}`);
    if (!fits(found, schema)) {
      throw new UserError("config.wrong-type", `Cannot set ${key} to "${value}": expected ${typeInWords(schema)}`);
    }
    values.set(key, found);
  }
  return values;
}

const EXAMPLE = "write for example --set preset=smoke";
const EMPTY = (key: string) => `for an empty text, write ${key}='""'`;

function undeclared(key: string, declared: readonly Parameter[], name: string): UserError {
  const names = declared.map((one) => one.name);
  return new UserError(
    "notebook.parameter",
    `${name} has no parameter ${key}: ${
      names.length === 0 ? `no cell with the tag "${DECLARES}" declares any` : `it declares ${names.join(", ")}`
    }`,
    names.length === 0
      ? `tag the cell that declares it, in JupyterLab under Property Inspector > Cell Tags`
      : didYouMean(key, names),
  );
}

/** Whether a value and everything in it is of its type. */
function fits(value: unknown, schema: SchemaNode): boolean {
  if (schema.anyOf !== undefined) return schema.anyOf.some((one) => fits(value, one));
  if (Array.isArray(value)) {
    const { type, items } = schema;
    return (type === "array" || type === undefined) && (!items || value.every((item) => fits(item, items)));
  }
  if (schema.const !== undefined) return value === schema.const;
  if (schema.enum !== undefined) return schema.enum.includes(value);
  return schema.type === undefined || schema.type === (value === null ? "null" : typeof value);
}

/** A parameter's declaration, on one line. */
export function declarationOf({ keyword, name, value }: Parameter): string {
  return `${keyword} ${name} = ${value.replace(/\s+/g, " ")}`;
}

/**
 * A notebook with other values for some of its parameters: a new cell after the last cell that declares any, in the place
 * of one that was injected before.
 */
export function injectParameters(
  notebook: Notebook,
  values: ReadonlyMap<string, unknown>,
  declared: readonly Parameter[],
): Notebook {
  if (values.size === 0) return notebook;
  const lines = [...values].map(([name, value]) => {
    // Deno's kernel lets a later cell declare a variable anew, and a declaration has no value that it would show.
    const { keyword = "const" } = declared.find((one) => one.name === name) ?? {};
    return `${keyword} ${name} = ${JSON.stringify(value)};`;
  });
  const source = ["// Parameters", ...lines].join("\n");
  const cells = notebook.cells.filter((cell) => !tagged(cell, INJECTED));
  const at = cells.findLastIndex((cell) => cell.cell_type === "code" && tagged(cell, DECLARES)) + 1;
  const id = notebook.nbformat_minor < 5 ? {} : { id: cellId(source, at) };
  return { ...notebook, cells: cells.toSpliced(at, 0, codeCell(source, { ...id, metadata: { tags: [INJECTED] } })) };
}
