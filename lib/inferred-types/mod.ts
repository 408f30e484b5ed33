// The types of schemas, written out for those who import the package: `deno task build:types`.
export { inferredFiles } from "./infer.ts";
