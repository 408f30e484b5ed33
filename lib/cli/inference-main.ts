// The process of the models that `deno task serve --models` starts.
import { runInference } from "../api/mod.ts";
import { servedModels, type ServedSettings } from "./served-models.ts";

await runInference((settings: ServedSettings) => servedModels(settings));
