// Whether models can be asked at the same address.
import type { OpenAPIHono } from "@hono/zod-openapi";
import { modelsResponseSchema } from "../schemas.ts";
import { json, read } from "./answers.ts";

/** What the API has of this. */
export const routes = {
  models: read(
    "/api/models",
    "Whether models are served at this address, below `/v1`",
    json("Whether they are", modelsResponseSchema),
  ),
};

/** Adds the route about models to the app. */
export function addModelsRoute(app: OpenAPIHono, served: boolean): void {
  app.openapi(routes.models, (c) => c.json({ served }, 200));
}
