// The HTTP API, the event stream and the pages over a folder of runs.
export { type Access, createAccess } from "./access.ts";
export { answerOf, apiClient, type ApiClientOptions } from "./api-client.ts";
export { loadAssets } from "./assets.ts";
export { type AppOptions, createApp } from "./app.ts";
export { type Beside, missingFolderText, serve, type ServeOptions, type Server, takenPortText } from "./server.ts";
export { type ServerWorker, startServerWorker } from "./worker.ts";
export { type WorkerOptions } from "./worker-messages.ts";
export { labelsOf } from "./compare/labels.ts";
