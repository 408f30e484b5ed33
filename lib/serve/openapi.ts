// The API's description for programs, derived from the same schemas.
import { z } from "zod";
import { eventSchema } from "../run/mod.ts";
import {
  errorSchema,
  eventsResponseSchema,
  runListResponseSchema,
  runResponseSchema,
  statusResponseSchema,
  sweepListResponseSchema,
  sweepResponseSchema,
} from "./schemas.ts";

const id = {
  name: "id",
  in: "path",
  required: true,
  description: "The run's id, as in the list of runs",
  schema: { type: "string" },
};
const sweepId = { ...id, description: "The sweep's id, as in the list of sweeps" };
const metric = {
  name: "metric",
  in: "query",
  required: false,
  description: "What trials are compared by, such as `bpb` or `stitch/loss:min`",
  schema: { type: "string" },
};
const after = {
  name: "after",
  in: "query",
  required: false,
  description: "Only events with a greater `seq`",
  schema: { type: "integer", minimum: -1, default: -1 },
};
const lastEventId = {
  name: "Last-Event-ID",
  in: "header",
  required: false,
  description: "Like `after`, and stronger; browsers send it when they reconnect",
  schema: { type: "integer", minimum: 0 },
};

/** An OpenAPI 3.1 document. */
export function openApiDocument() {
  const failed = { description: "Refused, with a code", content: json({ $ref: "#/components/schemas/Error" }) };
  const get = (summary: string, parameters: unknown[], content: unknown) => ({
    get: { summary, parameters, responses: { 200: { description: "OK", content }, default: failed } },
  });
  return {
    openapi: "3.1.0",
    info: {
      title: "Stitchbook",
      version: "1",
      description: "Runs as data: read-only, loopback only.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    paths: {
      "/api/runs": get("All runs, newest first", [], json({ $ref: "#/components/schemas/RunList" })),
      "/api/runs/{id}": get("One run with its cells", [id], json({ $ref: "#/components/schemas/Run" })),
      "/api/runs/{id}/status": get("The run's status alone", [id], json({ $ref: "#/components/schemas/Status" })),
      "/api/runs/{id}/events": get(
        "The run's events so far",
        [id, after],
        json({ $ref: "#/components/schemas/Events" }),
      ),
      "/api/runs/{id}/stream": get(
        "The run's events as they happen; `id` is `seq`, `data` an event; ends after `run.end`",
        [id, after, lastEventId],
        { "text/event-stream": { schema: { type: "string" } } },
      ),
      "/api/runs/{id}/report": get("The run's report", [id], { "text/html": { schema: { type: "string" } } }),
      "/api/sweeps": get("All sweeps, newest first", [], json({ $ref: "#/components/schemas/SweepList" })),
      "/api/sweeps/{id}": get(
        "One sweep with its trials, best first",
        [sweepId, metric],
        json({ $ref: "#/components/schemas/Sweep" }),
      ),
      "/api/sweeps/{id}/report": get("The sweep's report", [sweepId], { "text/html": { schema: { type: "string" } } }),
      "/healthz": get("Whether the server answers", [], json({ type: "object" })),
    },
    components: {
      schemas: {
        Event: schemaOf(eventSchema),
        Run: schemaOf(runResponseSchema),
        RunList: schemaOf(runListResponseSchema),
        Events: schemaOf(eventsResponseSchema),
        Sweep: schemaOf(sweepResponseSchema),
        SweepList: schemaOf(sweepListResponseSchema),
        Status: schemaOf(statusResponseSchema),
        Error: schemaOf(errorSchema),
      },
    },
  };
}

function json(schema: unknown) {
  return { "application/json": { schema } };
}

function schemaOf(schema: z.ZodType) {
  const { $schema: _, ...body } = z.toJSONSchema(schema, { io: "output", reused: "inline" });
  return body;
}
