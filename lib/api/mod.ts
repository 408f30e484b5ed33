// Public API: models over HTTP, as OpenAI's clients ask for them.
export { type ApiOptions, createApi } from "./app.ts";
export { createFront, isApiPath } from "./front.ts";
export { type Access } from "./guard.ts";
export { runInference } from "./inference-child.ts";
export { type InferenceOptions, type InferenceProcess, startInference } from "./inference-process.ts";
export type { Lease, ListedModel, ModelRegistry, ServedModel } from "./registry.ts";
