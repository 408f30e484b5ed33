// `deno task serve --models`: the process of the models beside the viewer, and what is said about it.
import { createFront, isApiPath, startInference } from "../api/mod.ts";
import type { DeviceName } from "../device-names.ts";
import type { Beside } from "../serve/mod.ts";
import type { ServedSettings } from "./served-models.ts";

export interface ModelOptions {
  readonly models: readonly string[];
  readonly runs: string;
  readonly apiKey: string | undefined;
  readonly hosts: readonly string[];
  readonly device: DeviceName;
  readonly threads: number | undefined;
  readonly weights: string | undefined;
  readonly batch: number;
  readonly places: number;
}

/** The models' API, beside a viewer. */
export interface ServedModels extends Beside {
  /** Names of the models. */
  readonly models: readonly string[];
  close(): Promise<void>;
}

/**
 * Starts the process of the models, and waits until the first is loaded. It may read files, use the processor's
 * instructions and listen on loopback; only for a model on the hub it may also write and connect.
 *
 * @throws UserError for models that cannot be served
 */
export async function serveModels(options: ModelOptions): Promise<ServedModels> {
  const { models, runs, apiKey, hosts, places, device, threads, weights, batch } = options;
  const fromHub = (await Promise.all(models.map(mayBeOnHub))).includes(true);
  console.error(`Loading the first model of ${models[0]}`);
  const inference = await startInference({
    command: [
      "run",
      "--quiet",
      "--no-prompt",
      "--allow-read",
      "--allow-env",
      "--allow-sys",
      "--allow-ffi",
      ...(fromHub ? ["--allow-write", "--allow-net"] : ["--allow-net=127.0.0.1"]),
      new URL("./inference-main.ts", import.meta.url).href,
    ],
    access: { apiKey, places },
    settings: { sources: models, runs, device, threads, weights, batch } satisfies ServedSettings,
    log: (text) => console.error(text),
  });
  return {
    models: inference.models,
    takes: isApiPath,
    fetch: createFront(inference, { apiKey, hosts }),
    close: () => inference.close(),
  };
}

/** Whether a model may have to be downloaded: there is no such path, and it has the form of an id. */
async function mayBeOnHub(source: string): Promise<boolean> {
  return /^[^/\\]+\/[^/\\]+$/.test(source) && !await Deno.stat(source).then(() => true, () => false);
}

/** Most models that are named when the server starts. */
const MOST_NAMES = 12;

/** What to tell about a server of models, with a command to try. */
export function modelsText(url: string, models: readonly string[], apiKey: string | undefined): string {
  const more = models.length - MOST_NAMES;
  const body = JSON.stringify({ model: models[0], prompt: "Once upon a time", max_tokens: 32 });
  return [
    `Serving ${models.length === 1 ? "1 model" : `${models.length} models`} at ${url}v1:`,
    ...models.slice(0, MOST_NAMES).map((name) => `  ${name}`),
    ...(more > 0 ? [`  and ${more} more; GET ${url}v1/models lists them`] : []),
    "Try:",
    `  curl ${url}v1/completions -H 'Content-Type: application/json' \\`,
    ...(apiKey === undefined ? [] : ['    -H "Authorization: Bearer $STITCHBOOK_API_KEY" \\']),
    `    -d '${body}'`,
  ].join("\n");
}
