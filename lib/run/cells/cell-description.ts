// What a cell's key is made from.
import type { z } from "zod";
import type { CellSpec } from "./cell.ts";
import { type Code, codeOf } from "../files/code-version.ts";
import { sha256 } from "../files/files.ts";

/** What a cell's key is made from. */
export interface CellDescription {
  readonly inputs: unknown;
  /** The inputs without what may change while the cell is being built; undefined: nothing may. */
  readonly family: unknown;
  /** Hash of the code that decides the outcome, and the sources that it is of. */
  readonly code: string;
  readonly sources: Code;
}

/** A cell's inputs and its family's, with the device's arithmetic, and its code. */
export function describeCell(
  { inputs, family, code, device }: Pick<CellSpec<z.ZodType>, "inputs" | "family" | "code" | "device">,
  body: unknown,
): CellDescription {
  const sources = codeOf([code, device?.code ?? []].flat());
  const withDevice = (inputs: unknown) => device === undefined ? inputs : { inputs, device: device.numerics };
  return {
    inputs: withDevice(inputs),
    family: family === undefined ? undefined : withDevice(family),
    // The body counts, too: two cells of one module may have the same inputs.
    code: sha256(`${sources.version}\n${body}`),
    sources,
  };
}
