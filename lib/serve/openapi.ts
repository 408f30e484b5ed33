// The API's description for programs, derived from the same schemas.
import { z } from "zod";
import { eventSchema, labelsSchema } from "../run/mod.ts";
import {
  errorSchema,
  eventsResponseSchema,
  labelRequestSchema,
  madeResponseSchema,
  runListResponseSchema,
  runResponseSchema,
  sessionResponseSchema,
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
const file = { ...id, name: "file", description: "Its name, as `captured` gives it" };
const token = {
  name: "x-stitchbook-token",
  in: "header",
  required: true,
  description: "From `/api/session`; good for 12 hours",
  schema: { type: "string" },
};
const bytes = { "application/octet-stream": { schema: { type: "string", format: "binary" } } };
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
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
  const post = (summary: string, parameters: unknown[], body?: string, answer?: string) => ({
    post: {
      summary,
      parameters: [...parameters, token],
      requestBody: {
        required: true,
        content: json(body === undefined ? { type: "object", maxProperties: 0 } : ref(body)),
      },
      responses: {
        200: { description: "OK", content: json(answer === undefined ? { type: "object" } : ref(answer)) },
        default: failed,
      },
    },
  });
  return {
    openapi: "3.1.0",
    info: {
      title: "Stitchbook",
      version: "1",
      description: "Runs as data, on loopback only; what changes something is a POST with a token.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    paths: {
      "/api/runs": get("All runs, newest first", [], json({ $ref: "#/components/schemas/RunList" })),
      "/api/runs/{id}": get("One run with its cells", [id], json({ $ref: "#/components/schemas/Run" })),
      "/api/runs/{id}/status": get(
        "The run's status and the time of its last event",
        [id],
        json({ $ref: "#/components/schemas/Status" }),
      ),
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
      "/api/runs/{id}/made": get(
        "How the run was made, and the end of what its process printed",
        [id],
        json({ $ref: "#/components/schemas/Made" }),
      ),
      "/api/runs/{id}/output": get("What the run's process printed, as a download", [id], bytes),
      "/api/runs/{id}/captured/{file}": get("A file that was kept with the run, as a download", [id, file], bytes),
      "/api/runs/{id}/labels": post("Names, tags or notes the run", [id], "LabelRequest", "Labels"),
      "/api/runs/{id}/stop": post("Asks the run to stop", [id]),
      "/api/runs/{id}/remove": post("Moves the run to the trash", [id]),
      "/api/sweeps/{id}/stop": post("Asks the sweep to stop", [sweepId]),
      "/api/undo": post("Brings the last removal back", []),
      "/api/session": get(
        "The token that POST requests carry in the header `x-stitchbook-token`, and what this server may do",
        [],
        json({ $ref: "#/components/schemas/Session" }),
      ),
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
        Made: schemaOf(madeResponseSchema),
        Labels: schemaOf(labelsSchema),
        LabelRequest: schemaOf(labelRequestSchema),
        Session: schemaOf(sessionResponseSchema),
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
