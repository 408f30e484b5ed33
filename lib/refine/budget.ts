// What answers cost, in tokens read and written: B_total over all calls, B_seq along the longest chain of them.

/** What a call was for. */
export type Role = "draft" | "revise" | "summarize" | "choose" | "solve";

/** A call of a model. */
export interface Call {
  readonly role: Role;
  /** Name of the model. */
  readonly writer: string;
  /** The request, as in the file of replies. */
  readonly request: string;
  readonly input: number;
  readonly output: number;
  /** The calls whose replies its prompt is made of, or had to wait for. */
  readonly after: readonly Call[];
}

const tokensOf = ({ input, output }: Call) => input + output;

/** B_total: tokens in and out over all calls, which is what an answer costs. */
export function totalTokens(calls: readonly Call[]): number {
  return calls.reduce((sum, call) => sum + tokensOf(call), 0);
}

/**
 * B_seq: tokens in and out along the longest chain of calls that led to an answer, each of which waited for the one before
 * it. It stands for the time that an answer takes if everything else happens at the same time.
 *
 * @param last the calls that the answer waited for
 */
export function sequentialTokens(last: readonly Call[]): number {
  const known = new Map<Call, number>();
  const chain = (call: Call): number => {
    const before = known.get(call) ?? tokensOf(call) + Math.max(0, ...call.after.map(chain));
    known.set(call, before);
    return before;
  };
  return Math.max(0, ...last.map(chain));
}
