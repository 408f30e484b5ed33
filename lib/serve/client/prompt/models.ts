// The models of a run that the server serves, and the command that starts them.
import { orderMethods } from "../../../methods.ts";
import { shellLine } from "../../../run/view/mod.ts";

/** A model of the run that can be asked. */
export interface ServedModel {
  /** As the API calls it: `my-run/bts`. */
  readonly id: string;
  /** Its name in the run: `bts`. */
  readonly name: string;
  /** Whether its gates can be told. */
  readonly gates: boolean;
  /** Whether experts in it can be switched off. */
  readonly switchable: boolean;
  /** Tokens that it takes at once, the prompt's and the answer's. */
  readonly contextLength: number | undefined;
}

interface ModelList {
  readonly data: readonly {
    readonly id: string;
    readonly max_model_len?: number;
    readonly of_run?: {
      readonly run: string;
      readonly model: string;
      readonly gates: boolean;
      readonly switchable: boolean;
    };
  }[];
}

/** What is known of the models: they are served, they are not, or the server wants a key. */
export type Models =
  | { readonly kind: "served"; readonly models: readonly ServedModel[] }
  | { readonly kind: "none" }
  | { readonly kind: "key" };

/** Asks which of a run's models are served, in reading order. */
export async function findModels(run: string, key: string): Promise<Models> {
  const response = await fetch("/v1/models", { headers: authorization(key) });
  if (response.status === 401) return { kind: "key" };
  if (!response.ok) return { kind: "none" };
  const { data }: ModelList = await response.json();
  const found = new Map(
    data.flatMap(({ id, max_model_len: contextLength, of_run }) => {
      if (of_run?.run !== run) return [];
      const { model: name, gates, switchable } = of_run;
      return [[name, { id, name, gates, switchable, contextLength }] as const];
    }),
  );
  if (found.size === 0) return { kind: "none" };
  return { kind: "served", models: orderMethods([...found.keys()]).map((name) => found.get(name)!) };
}

/** The header that carries the API key; none without one. */
export function authorization(key: string): Record<string, string> {
  return key === "" ? {} : { authorization: `Bearer ${key}` };
}

/** The command that serves a run's models beside its page, and may keep what they are asked. */
export function modelsCommand(run: string, runsFolder: string): string {
  const folder = runsFolder === "runs" ? [] : ["--runs", runsFolder];
  return shellLine(["deno", "task", "serve:edit", "--models", run, ...folder]);
}
