// A user's mistake as a kernel can show it: one sentence.
import { UserError } from "../errors.ts";

/** The result of `body`; its mistakes are told in one sentence, as {@linkcode oneSentence} makes them. */
export async function told<T>(body: () => Promise<T> | T): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw oneSentence(error);
  }
}

/** A user's mistake with its hint in the message and without a stack, because kernels show both of them; else the same. */
export function oneSentence(error: unknown): unknown {
  if (!(error instanceof UserError)) return error;
  const { code, message, hint } = error;
  const whole = new UserError(code, hint === undefined ? message : `${message} (${hint})`);
  whole.stack = `${whole.name}: ${whole.message}`;
  return whole;
}
