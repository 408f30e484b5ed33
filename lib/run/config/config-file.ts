// Reading a configuration file, JSON or YAML, with the line of every mistake.
import { extname } from "node:path";
import { type Document, isNode, LineCounter, parseDocument } from "yaml";
import { UserError } from "../../errors.ts";
import { refuseUnplain } from "./config-value.ts";

/** A configuration file, read. */
export interface ConfigFile {
  readonly path: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** `file.yaml:3`, or the file alone when the line is not known. */
  where(path: readonly (string | number)[]): string;
}

const LARGEST = 1 << 20;

/**
 * Reads a configuration file. A byte order mark and CRLF are fine.
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
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  // What JSON.parse takes is JSON, whatever YAML thinks of its tabs; repeated keys are what JSON.parse does not see.
  const fault = document.errors.find(({ code }) => kind !== ".json" || code === "DUPLICATE_KEY");
  if (fault !== undefined) {
    const { line, col } = lines.linePos(fault.pos[0]);
    const code = fault.code === "DUPLICATE_KEY" ? "config.repeated-key" : "config.file";
    throw new UserError(code, `Cannot read ${path}, line ${line}, column ${col}: ${sentence(fault.message)}`);
  }
  const value = kind === ".json" ? JSON.parse(text) : toPlain(document, path);
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    const got = value === null ? "nothing" : Array.isArray(value) ? "a list" : `a ${typeof value}`;
    throw new UserError("config.file", `Cannot read ${path}: expected settings by name, got ${got}`, EXAMPLE);
  }
  refuseUnplain(value, path);
  return { path, value, where: (keys) => whereIn(document, lines, path, keys) };
}

const EXAMPLE = 'write settings by name, such as {"train": {"seed": {"steps": 500}}}';

function readBytes(path: string, readFile: (path: string) => Uint8Array): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFile(path);
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "there is no such file"
      : error instanceof Error
      ? error.message
      : String(error);
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

function toPlain(document: Document, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new UserError("config.file", `Cannot read ${path}: ${(error as Error).message}`);
  }
}

function whereIn(document: Document, lines: LineCounter, path: string, keys: readonly (string | number)[]): string {
  const node = document.getIn(keys, true);
  const start = isNode(node) ? node.range?.[0] : undefined;
  return start === undefined ? path : `${path}:${lines.linePos(start).line}`;
}

function sentence(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
