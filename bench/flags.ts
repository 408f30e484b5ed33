// The flags of the benchmarks: help on request, and a sentence instead of a stack for a mistake.
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { explainError, nearest, UserError } from "../lib/errors.ts";
import { PRODUCTS, type Products } from "../lib/tensor/mod.ts";

/**
 * Reads the flags, or ends the process: with the module's own first comment for `--help`, with code 2 for what cannot be
 * read.
 *
 * @param module its `import.meta.url`
 */
export function readFlags<Options extends ParseArgsOptionsConfig>(module: string, options: Options) {
  addEventListener("unhandledrejection", (event) => {
    if (!(event.reason instanceof UserError)) return;
    event.preventDefault();
    console.error(`error: ${explainError(event.reason)}`);
    Deno.exit(2);
  });
  if (Deno.args.includes("--help")) {
    console.log(headOf(module));
    Deno.exit(0);
  }
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return refuse(sentenceOf(error as Error, Object.keys(options)));
  }
}

/**
 * A list such as `tiny,small`, each one of `choices`; ends the process with code 2 where one is not.
 *
 * @param flag with its dashes
 */
export function readChoices(flag: string, text: string, choices: readonly string[]): string[] {
  const chosen = text.split(",");
  const unknown = chosen.find((one) => !choices.includes(one));
  if (unknown === undefined) return chosen;
  return refuse(`${flag} names "${unknown}": expected ${choices.join(", ")}`);
}

/** A whole number of 1 or more; ends the process with code 2 where it is none. */
export function readCount(flag: string, text: string): number {
  return /^[1-9]\d{0,5}$/.test(text) ? Number(text) : refuse(`${flag} ${text}: expected a whole number, 1 or more`);
}

/** Where a flag may be left out, `otherwise`. */
export function readCountOr(flag: string, text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : readCount(flag, text);
}

/** The device option of `--products`, and `--blas off`: anything but the system's BLAS. */
export function productsOf(
  { products, blas }: { readonly products?: string | undefined; readonly blas?: string | undefined },
): { readonly products?: Products } {
  if (blas !== undefined && blas !== "on" && blas !== "off") refuse(`--blas ${blas}: expected on or off`);
  if (blas === "off" && products === "blas") refuse("--blas off leaves nothing for --products blas");
  if (blas === "off") Deno.env.set("STITCHBOOK_BLAS", "off");
  if (products === undefined) return {};
  return { products: readChoices("--products", products, PRODUCTS)[0] as Products };
}

function sentenceOf({ message }: Error, known: readonly string[]): string {
  const name = /Unknown option '--?([^']*)'/.exec(message)?.[1];
  if (name === undefined) return message.split("\n")[0]!;
  const near = nearest(name, known);
  return `Unknown flag --${name}${near === undefined ? "" : `: did you mean --${near}?`}`;
}

function headOf(module: string): string {
  const lines = Deno.readTextFileSync(new URL(module)).split("\n");
  const end = lines.findIndex((line) => !line.startsWith("//"));
  return lines.slice(0, end).map((line) => line.replace(/^\/\/ ?/, "")).join("\n");
}

/** Ends the process for a mistake. */
export function refuse(message: string): never {
  console.error(`error: ${message}\n  hint: --help lists every flag`);
  Deno.exit(2);
}
