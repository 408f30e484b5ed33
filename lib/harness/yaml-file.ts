// Reading a YAML file of the harness with those that it includes, remembering where each setting is written.
import { dirname, isAbsolute, join } from "node:path";
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from "yaml";
import { systemReason, UserError } from "../errors.ts";

/** A YAML file as an object. */
export interface YamlFile {
  readonly path: string;
  /** The settings, with those of included files. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Where a setting is written: `task.yaml line 7`. */
  place(...keys: readonly (string | number)[]): string;
}

interface Source {
  readonly path: string;
  readonly document: Document;
  readonly lines: LineCounter;
}

/**
 * Reads a file and those that it names in `include`. Its own settings replace theirs; of several included files, the later
 * ones'.
 *
 * @throws UserError `harness.yaml` for what is not YAML, `harness.function` for `!function` and other tags, which name
 *   Python code, `harness.include`
 */
export async function readYamlFile(path: string, including: readonly string[] = []): Promise<YamlFile> {
  if (including.includes(path)) {
    throw new UserError(
      "harness.include",
      `Cannot read ${path}: its includes lead back to itself`,
      `remove one of ${[...including, path].join(" → ")}`,
    );
  }
  const source = await parsed(path);
  const own = valuesOf(source);
  const includes = [own["include"] ?? []].flat();
  delete own["include"];
  let values: Record<string, unknown> = {};
  const origins = new Map<string, (keys: readonly (string | number)[]) => string>();
  for (const name of includes) {
    if (typeof name !== "string") {
      throw new UserError(
        "harness.include",
        `${lineOf(source, ["include"])}: include must name files, not ${typeof name}`,
      );
    }
    const file = isAbsolute(name) ? name : join(dirname(path), name);
    const included = await readYamlFile(file, [...including, path]).catch((error) => {
      if (error instanceof UserError && error.code === "harness.missing") {
        throw new UserError(error.code, `${lineOf(source, ["include"])}: ${error.message}`, error.hint);
      }
      throw error;
    });
    const { task_list: _, ...rest } = included.values;
    values = { ...values, ...rest };
    for (const key of Object.keys(rest)) origins.set(key, (keys) => included.place(...keys));
  }
  for (const key of Object.keys(own)) origins.set(key, (keys) => lineOf(source, keys));
  return {
    path,
    values: { ...values, ...own },
    place: (...keys) => origins.get(String(keys[0]))?.(keys) ?? path,
  };
}

async function parsed(path: string): Promise<Source> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await Deno.readFile(path));
  } catch (error) {
    const why = error instanceof TypeError ? "it is not UTF-8" : systemReason(error);
    if (why === undefined) throw error;
    throw new UserError("harness.missing", `Cannot read ${path}: ${why}`, "name a YAML file of lm-evaluation-harness");
  }
  const lines = new LineCounter();
  // The harness reads YAML 1.1, in which yes is true.
  const document = parseDocument(text, { version: "1.1", lineCounter: lines });
  const source = { path, document, lines };
  refuseTags(source);
  const [problem] = document.errors;
  if (problem !== undefined) {
    const [line] = problem.linePos ?? [];
    throw new UserError(
      "harness.yaml",
      `${path}${line === undefined ? "" : ` line ${line.line}`} is not YAML: ${
        problem.message.split(/ at line |\n/)[0]
      }`,
    );
  }
  if (!isMap(document.contents)) {
    throw new UserError("harness.yaml", `${path} is not a task: expected settings such as task: and output_type:`);
  }
  return source;
}

/** @throws UserError `harness.yaml` for aliases of aliases that would become a huge value */
function valuesOf({ path, document }: Source): Record<string, unknown> {
  try {
    return document.toJS();
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw new UserError("harness.yaml", `Cannot read ${path}: its aliases (*) repeat too much`, "write the values out");
  }
}

/** Tags such as `!function` name Python code, which only the harness itself can run. */
function refuseTags({ path, document, lines }: Source): void {
  visit(document, {
    Node(_, node) {
      const { tag, range } = node as { tag?: string; range?: readonly number[] };
      if (tag === undefined || tag.startsWith("tag:yaml.org,2002:")) return;
      const value = isScalar(node) ? ` ${node.value}` : "";
      const line = range === undefined ? "" : ` line ${lines.linePos(range[0]!).line}`;
      throw new UserError(
        "harness.function",
        `${path}${line}: cannot use ${tag}${value}: it is Python code, which only lm-evaluation-harness itself can run`,
        tag === "!function"
          ? "write it as a Jinja template, or prepare the data beforehand; or serve the model and run the harness on it"
          : undefined,
      );
    },
  });
}

/** The place of the innermost of `keys` that is written down. */
function lineOf({ path, document, lines }: Source, keys: readonly (string | number)[]): string {
  let offset: number | undefined;
  for (let depth = 1; depth <= keys.length; depth++) {
    const parent = depth === 1 ? document.contents : document.getIn(keys.slice(0, depth - 1), true);
    const pair = isMap(parent)
      ? parent.items.find(({ key }) => isScalar(key) && key.value === keys[depth - 1])
      : undefined;
    const node = pair?.key ?? document.getIn(keys.slice(0, depth), true);
    if (!isNode(node) || !node.range) break;
    offset = node.range[0];
  }
  return offset === undefined ? path : `${path} line ${lines.linePos(offset).line}`;
}
