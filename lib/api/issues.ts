// The first fault that a schema finds in a request, as an error object.
import type { z } from "@hono/zod-openapi";
import { didYouMean } from "../errors.ts";
import { type ApiError, invalidParameter } from "./errors.ts";

type Issue = z.core.$ZodIssue;

/**
 * The error for a request that does not match its schema: the code says how, `param` where.
 *
 * @param body what was parsed
 * @param known names of the parameters, to suggest one for a name that is unknown
 */
export function requestError({ issues }: z.ZodError, body: unknown, known: readonly string[] = []): ApiError {
  // A misspelled name explains that the right one is missing.
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0]!;
  const param = nameOf(issue.path);
  const given = issue.path.reduce((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], body);
  if (issue.code === "unrecognized_keys") return unknownParameter(issue, known);
  if (given === undefined && issue.path.length > 0) {
    return invalidParameter(param, `Missing required parameter: '${param}'`, "missing_required_parameter");
  }
  if (issue.code === "invalid_type") return wrongType(issue, param, given);
  if (issue.code === "too_small" || issue.code === "too_big") return outOfRange(issue, param, given);
  if (issue.code === "invalid_union") {
    const code = "discriminator" in issue ? "invalid_value" : "invalid_type";
    return invalidParameter(param, `Invalid '${param}': ${issue.message}`, code);
  }
  if (issue.code === "invalid_value") {
    const values = issue.values.map((value) => JSON.stringify(value)).join(", ");
    return invalidParameter(param, `Invalid '${param}': expected ${issue.values.length > 1 ? "one of " : ""}${values}`);
  }
  return invalidParameter(param, `Invalid '${param}': ${issue.message}`);
}

function unknownParameter({ path, keys }: Extract<Issue, { code: "unrecognized_keys" }>, known: readonly string[]) {
  const param = nameOf([...path, keys[0]!]);
  const hint = path.length === 0 ? didYouMean(keys[0]!, known) : undefined;
  const message = `Unknown parameter: '${param}'${hint === undefined ? "" : `; ${hint}`}`;
  return invalidParameter(param, message, "unknown_parameter");
}

function wrongType(
  { expected }: Extract<Issue, { code: "invalid_type" }>,
  param: string,
  input: unknown,
): ApiError {
  if (expected === "null") {
    return invalidParameter(param, `'${param}' is not supported by this server: leave it out`, "unsupported_parameter");
  }
  const wanted = expected === "int"
    ? "an integer"
    : expected === "record" || expected === "object" || expected === "array"
    ? `an ${expected === "record" ? "object" : expected}`
    : `a ${expected}`;
  const given = typeof input === "number" && !Number.isFinite(input) ? "a number that is too large" : typeName(input);
  return invalidParameter(param, `Invalid type for '${param}': expected ${wanted}, got ${given}`, "invalid_type");
}

/** `integer_above_max_value`, `array_below_min_length`, … as OpenAI calls them. */
function outOfRange(
  issue: Extract<Issue, { code: "too_small" | "too_big" }>,
  param: string,
  input: unknown,
): ApiError {
  const isSmall = issue.code === "too_small";
  const limit = isSmall ? issue.minimum : issue.maximum;
  const { origin, inclusive = true } = issue;
  const isNumber = origin === "number" || origin === "int";
  const kind = origin === "int" || Number.isInteger(input) ? "integer" : isNumber ? "decimal" : origin;
  const code = `${kind}_${isSmall ? "below_min" : "above_max"}_${isNumber ? "value" : "length"}`;
  const bound = inclusive ? (isSmall ? "at least" : "at most") : (isSmall ? "more than" : "less than");
  const what = isNumber
    ? `${limit}`
    : `${limit} ${origin === "string" ? "character" : "element"}${limit === 1 ? "" : "s"}`;
  const message = `Invalid '${param}': expected ${bound} ${what}${isNumber ? `, got ${input}` : ""}`;
  return invalidParameter(param, message, code);
}

/** `messages[0].content` */
function nameOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (name, key) => typeof key === "number" ? `${name}[${key}]` : name === "" ? String(key) : `${name}.${String(key)}`,
    "",
  ) || "body";
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "number") return Number.isInteger(value) ? "an integer" : "a decimal number";
  return `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
}
