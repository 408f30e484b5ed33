// Reads a configuration file, JSON or YAML, and names the line of every mistake.
import { extname } from "node:path";
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Scalar,
  visit,
} from "yaml";
import { systemReason, UserError } from "../../errors.ts";
import { refuseUnplain } from "./config-value.ts";
import { sentence } from "./plain.ts";

/** The contents of a configuration file. */
export interface ConfigFile {
  readonly path: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** The place of a key: `file.yaml:3`, or the file alone when the line is not known. */
  where(path: readonly (string | number)[]): string;
}

const LARGEST = 1 << 20;

/**
 * Reads a configuration file. A byte order mark and CRLF are fine; so are YAML's anchors, aliases and merge keys (`<<`).
 *
 * @throws UserError when it is missing, too large, not UTF-8, empty, not JSON or YAML, not an object, or repeats a key
 */
export function readConfigFile(
  path: string,
  readFile: (path: string) => Uint8Array = Deno.readFileSync,
): ConfigFile {
  const kind = extname(path).toLowerCase();
  if (![".json", ".yaml", ".yml"].includes(kind)) {
    throw new UserError("config.file", `Cannot read ${path}: expected a .json, .yaml or .yml file`);
  }
  const text = decode(readBytes(path, readFile), path);
  if (text.trim() === "") throw new UserError("config.file", `Cannot read ${path}: the file is empty`, EXAMPLE);
  if (kind === ".json") checkJson(text, path);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: kind !== ".json" });
  // What JSON.parse accepts is JSON, even where YAML objects to its tabs; repeated keys are what JSON.parse ignores.
  const fault = document.errors.find(({ code }) => kind !== ".json" || code === "DUPLICATE_KEY");
  if (fault !== undefined) {
    const { line, col } = lines.linePos(fault.pos[0]);
    const code = fault.code === "DUPLICATE_KEY" ? "config.repeated-key" : "config.file";
    const [message, hint] = fault.code === "MULTIPLE_DOCS"
      ? ["a second YAML document starts here", "keep one document, and remove the line --- between them"]
      : [sentence(fault.message), undefined];
    throw new UserError(code, `Cannot read ${path}, line ${line}, column ${col}: ${message}`, hint);
  }
  const where = (keys: readonly (string | number)[]) => whereIn(document, lines, path, keys);
  const value = kind === ".json" ? JSON.parse(text) : toPlain(document, lines, path);
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    const got = value === null ? "nothing" : Array.isArray(value) ? "a list" : `a ${typeof value}`;
    throw new UserError("config.file", `Cannot read ${path}: expected settings by name, got ${got}`, EXAMPLE);
  }
  refuseUnplain(value, (keys) => `${keys.join(".")} (${where(keys)})`);
  return { path, value, where };
}

const EXAMPLE = 'write settings by name, such as {"train": {"seed": {"steps": 500}}}';

function readBytes(path: string, readFile: (path: string) => Uint8Array): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFile(path);
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound ? "there is no such file" : systemReason(error);
    if (reason === undefined) throw error;
    throw new UserError("config.file", `Cannot read ${path}: ${reason}`, "check the path given to --config");
  }
  if (bytes.length > LARGEST) {
    throw new UserError("config.file", `Cannot read ${path}: ${bytes.length} bytes are too many for a configuration`);
  }
  return bytes;
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    // The decoder drops a byte order mark.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UserError("config.file", `Cannot read ${path}: it is not UTF-8`, "save the file in UTF-8");
  }
}

function checkJson(text: string, path: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    throw new UserError("config.file", `Cannot read ${path}: it is not JSON (${(error as Error).message})`);
  }
}

function toPlain(document: Document, lines: LineCounter, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const at = badMerge(document)?.range?.[0];
    if (at === undefined) {
      throw new UserError("config.file", `Cannot read ${path}: ${sentence((error as Error).message)}`);
    }
    throw new UserError(
      "config.file",
      `Cannot read ${path}:${lines.linePos(at).line}: << needs settings to merge`,
      "write <<: *name, and &name at the group of settings that it repeats",
    );
  }
}

/** The first merge key (`<<`) whose value is neither a map nor a list of maps. */
function badMerge(document: Document): Scalar | undefined {
  const resolved = (node: unknown) => isAlias(node) ? node.resolve(document) : node;
  let found: Scalar | undefined;
  visit(document, {
    Pair(_, { key, value }) {
      if (!isScalar(key) || key.source !== "<<") return;
      const target = resolved(value);
      if ((isSeq(target) ? target.items.map(resolved) : [target]).every(isMap)) return;
      found = key;
      return visit.BREAK;
    },
  });
  return found;
}

/** The line of a key, or of the nearest group around it: a merged key has no line of its own. */
function whereIn(document: Document, lines: LineCounter, path: string, keys: readonly (string | number)[]): string {
  for (let length = keys.length; length > 0; length--) {
    const node = document.getIn(keys.slice(0, length), true);
    const start = isNode(node) ? node.range?.[0] : undefined;
    if (start !== undefined) return `${path}:${lines.linePos(start).line}`;
  }
  return path;
}
