// `GET /v1/models`: what is served.
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { type ApiContext, unknownModel } from "./context.ts";
import type { ListedModel } from "./registry.ts";
import { json, refused } from "./route-parts.ts";

const modelSchema = z.strictObject({
  id: z.string(),
  object: z.literal("model"),
  created: z.int(),
  owned_by: z.literal("stitchbook"),
  max_model_len: z.int().optional().openapi({
    description: "As vLLM has it: the length of its context in tokens; absent where that is unknown until it is loaded",
  }),
  of_run: z.strictObject({ run: z.string(), model: z.string(), gates: z.boolean(), switchable: z.boolean() }).optional()
    .openapi({
      description:
        "An extension: the id of its run, its name there, whether it has `gates`, and whether it takes `without`",
    }),
}).openapi("Model");

const routes = {
  list: createRoute({
    method: "get",
    path: "/v1/models",
    summary: "All models",
    responses: {
      200: json("The models", z.strictObject({ object: z.literal("list"), data: z.array(modelSchema) })),
      default: refused,
    },
  }),
  one: createRoute({
    method: "get",
    path: "/v1/models/{model}",
    summary: "One model",
    request: { params: z.object({ model: z.string() }) },
    responses: { 200: json("The model", modelSchema), default: refused },
  }),
};

export function addModels(app: OpenAPIHono, { models: { models, loaded } }: ApiContext): void {
  const described = ({ name, created, contextLength = loaded().get(name)?.contextLength, ofRun }: ListedModel) => ({
    id: name,
    object: "model" as const,
    created,
    owned_by: "stitchbook" as const,
    ...(contextLength === undefined ? {} : { max_model_len: contextLength }),
    ...(ofRun === undefined ? {} : { of_run: ofRun }),
  });
  app.openapi(routes.list, (c) => c.json({ object: "list" as const, data: models.map(described) }, 200));
  app.openAPIRegistry.registerPath(routes.one);
  // Names of a run's models have a slash, which not every client escapes.
  app.get("/v1/models/:model{.+}", (c) => {
    const name = c.req.param("model");
    const found = models.find((model) => model.name === name);
    if (found === undefined) throw unknownModel(name, models.map((model) => model.name));
    return c.json(described(found), 200);
  });
}
