// Types of this room's schemas. `deno task build:types` writes this file; change the schemas instead.
import type { z } from "zod";
import type {
  AxisSchema,
  CellSeriesSchema,
  EventSchema,
  KeptPromptSchema,
  LabelsSchema,
  ListedRunSchema,
  LogDamageSchema,
  PromptSchema,
  ProvenanceSchema,
  RankedTrialSchema,
  RunStatusSchema,
  RunViewSchema,
  SeriesNamesSchema,
  TableColumnSchema,
  TableRowSchema,
  UsageSampleSchema,
} from "../run/mod.ts";
import type { JsonResponse } from "./routes/json-response.ts";

export type RouteTables = readonly [{
  session: {
    method: "get";
    path: "/api/session";
    summary: string;
    request: Record<never, never>;
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          token: z.ZodNullable<z.ZodString>;
          edit: z.ZodBoolean;
          stop: z.ZodBoolean;
          /** Whether it does more for who has opened its link. */
          signIn: z.ZodBoolean;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/session";
  };
  trash: {
    method: "get";
    path: "/api/trash";
    summary: string;
    request: Record<never, never>;
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          last: z.ZodNullable<
            z.ZodObject<{
              runs: z.ZodArray<z.ZodString>;
              time: z.ZodString;
            }, z.core.$strict>
          >;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/trash";
  };
  label: {
    method: "post";
    path: "/api/runs/{id}/labels";
    summary: string;
    request: {
      params: z.ZodObject<{
        id: z.ZodString;
      }, z.core.$strip>;
      headers: z.ZodObject<{
        "x-stitchbook-token": z.ZodOptional<z.ZodString>;
      }, z.core.$strip>;
      body: {
        required: true;
        content: {
          "application/json": {
            schema: z.ZodDiscriminatedUnion<[
              z.ZodObject<{
                kind: z.ZodLiteral<"name">;
                name: z.ZodNullable<z.ZodString>;
              }, z.core.$strict>,
              z.ZodObject<{
                kind: z.ZodLiteral<"tags">;
                add: z.ZodArray<z.ZodString>;
                remove: z.ZodArray<z.ZodString>;
              }, z.core.$strict>,
              z.ZodObject<{
                kind: z.ZodLiteral<"note">;
                text: z.ZodString;
              }, z.core.$strict>,
            ], "kind">;
          };
        };
      };
    };
    responses: {
      200: JsonResponse<LabelsSchema>;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/runs/:id/labels";
  };
  prompt: {
    method: "post";
    path: "/api/runs/{id}/prompts";
    summary: string;
    request: {
      params: z.ZodObject<{
        id: z.ZodString;
      }, z.core.$strip>;
      headers: z.ZodObject<{
        "x-stitchbook-token": z.ZodOptional<z.ZodString>;
      }, z.core.$strip>;
      body: {
        required: true;
        content: {
          "application/json": {
            schema: PromptSchema;
          };
        };
      };
    };
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          run: z.ZodString;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/runs/:id/prompts";
  };
  stop: {
    method: "post";
    path: "/api/runs/{id}/stop";
    summary: string;
    request: {
      params: z.ZodObject<{
        id: z.ZodString;
      }, z.core.$strip>;
      headers: z.ZodObject<{
        "x-stitchbook-token": z.ZodOptional<z.ZodString>;
      }, z.core.$strip>;
      body: {
        required: true;
        content: {
          "application/json": {
            schema: z.ZodObject<Record<never, never>, z.core.$strict>;
          };
        };
      };
    };
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          run: z.ZodString;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/runs/:id/stop";
  };
  remove: {
    method: "post";
    path: "/api/runs/{id}/remove";
    summary: string;
    request: {
      params: z.ZodObject<{
        id: z.ZodString;
      }, z.core.$strip>;
      headers: z.ZodObject<{
        "x-stitchbook-token": z.ZodOptional<z.ZodString>;
      }, z.core.$strip>;
      body: {
        required: true;
        content: {
          "application/json": {
            schema: z.ZodObject<Record<never, never>, z.core.$strict>;
          };
        };
      };
    };
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          run: z.ZodString;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/runs/:id/remove";
  };
  stopSweep: {
    method: "post";
    path: "/api/sweeps/{id}/stop";
    summary: string;
    request: {
      params: z.ZodObject<{
        id: z.ZodString;
      }, z.core.$strip>;
      headers: z.ZodObject<{
        "x-stitchbook-token": z.ZodOptional<z.ZodString>;
      }, z.core.$strip>;
      body: {
        required: true;
        content: {
          "application/json": {
            schema: z.ZodObject<Record<never, never>, z.core.$strict>;
          };
        };
      };
    };
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          sweep: z.ZodString;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/sweeps/:id/stop";
  };
  tags: {
    method: "post";
    path: "/api/tags";
    summary: string;
    request: {
      params: z.ZodObject<Record<never, never>, z.core.$strip>;
      headers: z.ZodObject<{
        "x-stitchbook-token": z.ZodOptional<z.ZodString>;
      }, z.core.$strip>;
      body: {
        required: true;
        content: {
          "application/json": {
            schema: z.ZodObject<{
              runs: z.ZodArray<z.ZodString>;
              add: z.ZodArray<z.ZodString>;
              remove: z.ZodArray<z.ZodString>;
            }, z.core.$strict>;
          };
        };
      };
    };
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          runs: z.ZodArray<z.ZodString>;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/tags";
  };
  removeMany: {
    method: "post";
    path: "/api/remove";
    summary: string;
    request: {
      params: z.ZodObject<Record<never, never>, z.core.$strip>;
      headers: z.ZodObject<{
        "x-stitchbook-token": z.ZodOptional<z.ZodString>;
      }, z.core.$strip>;
      body: {
        required: true;
        content: {
          "application/json": {
            schema: z.ZodObject<{
              runs: z.ZodArray<z.ZodString>;
            }, z.core.$strict>;
          };
        };
      };
    };
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          runs: z.ZodArray<z.ZodString>;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/remove";
  };
  restore: {
    method: "post";
    path: "/api/restore";
    summary: string;
    request: {
      params: z.ZodObject<Record<never, never>, z.core.$strip>;
      headers: z.ZodObject<{
        "x-stitchbook-token": z.ZodOptional<z.ZodString>;
      }, z.core.$strip>;
      body: {
        required: true;
        content: {
          "application/json": {
            schema: z.ZodObject<{
              removal: z.ZodString;
            }, z.core.$strict>;
          };
        };
      };
    };
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          restored: z.ZodArray<z.ZodString>;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/restore";
  };
  undo: {
    method: "post";
    path: "/api/undo";
    summary: string;
    request: {
      params: z.ZodObject<Record<never, never>, z.core.$strip>;
      headers: z.ZodObject<{
        "x-stitchbook-token": z.ZodOptional<z.ZodString>;
      }, z.core.$strip>;
      body: {
        required: true;
        content: {
          "application/json": {
            schema: z.ZodObject<Record<never, never>, z.core.$strict>;
          };
        };
      };
    };
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          restored: z.ZodArray<z.ZodString>;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/undo";
  };
}, {
  file: {
    method: "get";
    path: "/api/runs/{id}/artifacts/{sha256}";
    summary: string;
    request: {
      readonly params: z.ZodObject<{
        id: z.ZodString;
        sha256: z.ZodString;
      }, z.core.$strip>;
    };
    responses: {
      200: {
        description: string;
        content: Record<"application/octet-stream", {
          schema: {
            format?: string;
            type: "string";
          };
        }>;
      };
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/runs/:id/artifacts/:sha256";
  };
}, {
  figures: {
    method: "get";
    path: "/api/runs/{id}/figures";
    summary: string;
    request: {
      readonly params: z.ZodObject<{
        id: z.ZodString;
      }, z.core.$strip>;
    };
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          figures: z.ZodArray<
            z.ZodObject<{
              /** `mean`, `matrix`, `differences`, `gates`, … */
              name: z.ZodString;
              title: z.ZodString;
              caption: z.ZodString;
              legend: z.ZodArray<
                z.ZodObject<{
                  label: z.ZodString;
                  color: z.ZodString;
                }, z.core.$strict>
              >;
              /** SVG documents with light and dark colors, and their sizes in pixels. */
              panels: z.ZodArray<
                z.ZodObject<{
                  svg: z.ZodString;
                  width: z.ZodNumber;
                  height: z.ZodNumber;
                  label: z.ZodString;
                }, z.core.$strict>
              >;
            }, z.core.$strict>
          >;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/runs/:id/figures";
  };
}, {
  models: {
    method: "get";
    path: "/api/models";
    summary: string;
    request: Record<never, never>;
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          served: z.ZodBoolean;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/models";
  };
}, {
  console: {
    method: "get";
    path: "/api/runs/{id}/console";
    summary: string;
    request: {
      readonly params: z.ZodObject<{
        id: z.ZodString;
      }, z.core.$strip>;
      readonly query: z.ZodObject<{
        after: z.ZodDefault<z.ZodPipe<z.ZodString, z.ZodTransform<number, string>>>;
      }, z.core.$strip>;
    };
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          text: z.ZodString;
          /** Where the part begins: 0 instead of what was asked for if the file is another one now. */
          start: z.ZodNumber;
          next: z.ZodNumber;
          bytes: z.ZodNumber;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/runs/:id/console";
  };
  output: {
    method: "get";
    path: "/api/runs/{id}/output";
    summary: string;
    request: {
      readonly params: z.ZodObject<{
        id: z.ZodString;
      }, z.core.$strip>;
    };
    responses: {
      200: {
        description: string;
        content: Record<"application/octet-stream", {
          schema: {
            format?: string;
            type: "string";
          };
        }>;
      };
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/runs/:id/output";
  };
  usage: {
    method: "get";
    path: "/api/runs/{id}/usage";
    summary: string;
    request: {
      readonly params: z.ZodObject<{
        id: z.ZodString;
      }, z.core.$strip>;
    };
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          samples: z.ZodArray<UsageSampleSchema>;
          /** Cores, memory in bytes and the device's threads; null if no provenance was kept. */
          machine: z.ZodNullable<
            z.ZodObject<{
              cores: z.ZodNumber;
              memory: z.ZodNumber;
              threads: z.ZodNullable<z.ZodNumber>;
            }, z.core.$strict>
          >;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/runs/:id/usage";
  };
}, {
  provenance: {
    method: "get";
    path: "/api/runs/{id}/provenance";
    summary: string;
    request: {
      readonly params: z.ZodObject<{
        id: z.ZodString;
      }, z.core.$strip>;
    };
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          captured: z.ZodArray<ProvenanceSchema>;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/runs/:id/provenance";
  };
  captured: {
    method: "get";
    path: "/api/runs/{id}/captured/{file}";
    summary: string;
    request: {
      readonly params: z.ZodObject<{
        id: z.ZodString;
        file: z.ZodString;
      }, z.core.$strip>;
    };
    responses: {
      200: {
        description: string;
        content: Record<"application/octet-stream", {
          schema: {
            format?: string;
            type: "string";
          };
        }>;
      };
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/runs/:id/captured/:file";
  };
}, {
  list: {
    method: "get";
    path: "/api/reports";
    summary: string;
    request: Record<never, never>;
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          reports: z.ZodArray<
            z.ZodObject<{
              name: z.ZodString;
              title: z.ZodString;
              /** Ids of the runs that it is about; none if it does not say. */
              runs: z.ZodReadonly<z.ZodArray<z.ZodString>>;
              time: z.ZodString;
            }, z.core.$strict>
          >;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/reports";
  };
  report: {
    method: "get";
    path: "/api/reports/{report}";
    summary: string;
    request: {
      readonly params: z.ZodObject<{
        report: z.ZodString;
      }, z.core.$strip>;
    };
    responses: {
      200: {
        description: string;
        content: Record<"text/html", {
          schema: {
            format?: string;
            type: "string";
          };
        }>;
      };
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/reports/:report";
  };
}, {
  list: {
    method: "get";
    path: "/api/runs";
    summary: string;
    request: {
      readonly query: z.ZodObject<{
        filter: z.ZodOptional<z.ZodString>;
      }, z.core.$strip>;
    };
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          runs: z.ZodArray<ListedRunSchema>;
          matching: z.ZodOptional<z.ZodArray<z.ZodString>>;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/runs";
  };
  run: {
    method: "get";
    path: "/api/runs/{id}";
    summary: string;
    request: {
      readonly params: z.ZodObject<{
        id: z.ZodString;
      }, z.core.$strip>;
      readonly query: z.ZodObject<{
        points: z.ZodDefault<z.ZodEnum<{ all: "all"; recent: "recent" }>>;
      }, z.core.$strip>;
    };
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          run: RunViewSchema;
          report: z.ZodBoolean;
          /** Whether there is a page of the gates of tokens. */
          gates: z.ZodBoolean;
          /** Reports on several runs that this run is among. */
          reports: z.ZodArray<
            z.ZodObject<{
              name: z.ZodString;
              title: z.ZodString;
            }, z.core.$strict>
          >;
          /** The sweep that it is a trial of; null if it is none, or if the sweep was removed. */
          sweep: z.ZodNullable<z.ZodString>;
          labels: LabelsSchema;
          /** The folder that the server serves, as it was named to it. */
          runsFolder: z.ZodString;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/runs/:id";
  };
  status: {
    method: "get";
    path: "/api/runs/{id}/status";
    summary: string;
    request: {
      readonly params: z.ZodObject<{
        id: z.ZodString;
      }, z.core.$strip>;
    };
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          status: RunStatusSchema;
          updatedAt: z.ZodString;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/runs/:id/status";
  };
  events: {
    method: "get";
    path: "/api/runs/{id}/events";
    summary: string;
    request: {
      readonly params: z.ZodObject<{
        id: z.ZodString;
      }, z.core.$strip>;
      readonly query: z.ZodObject<{
        after: z.ZodOptional<z.ZodString>;
      }, z.core.$strip>;
    };
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          events: z.ZodReadonly<z.ZodArray<EventSchema>>;
          damage: z.ZodReadonly<z.ZodArray<LogDamageSchema>>;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/runs/:id/events";
  };
  stream: {
    method: "get";
    path: "/api/runs/{id}/stream";
    summary: string;
    request: {
      params: z.ZodObject<{
        id: z.ZodString;
      }, z.core.$strip>;
      query: z.ZodObject<{
        after: z.ZodOptional<z.ZodString>;
      }, z.core.$strip>;
      headers: z.ZodObject<{
        "last-event-id": z.ZodOptional<z.ZodString>;
      }, z.core.$strip>;
    };
    responses: {
      200: {
        description: string;
        content: Record<"text/event-stream", {
          schema: {
            format?: string;
            type: "string";
          };
        }>;
      };
      204: {
        description: string;
      };
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/runs/:id/stream";
  };
  prompts: {
    method: "get";
    path: "/api/runs/{id}/prompts";
    summary: string;
    request: {
      readonly params: z.ZodObject<{
        id: z.ZodString;
      }, z.core.$strip>;
    };
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          prompts: z.ZodArray<KeptPromptSchema>;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/runs/:id/prompts";
  };
  report: {
    method: "get";
    path: "/api/runs/{id}/report";
    summary: string;
    request: {
      readonly params: z.ZodObject<{
        id: z.ZodString;
      }, z.core.$strip>;
    };
    responses: {
      200: {
        description: string;
        content: Record<"text/html", {
          schema: {
            format?: string;
            type: "string";
          };
        }>;
      };
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/runs/:id/report";
  };
  gates: {
    method: "get";
    path: "/api/runs/{id}/gates";
    summary: string;
    request: {
      readonly params: z.ZodObject<{
        id: z.ZodString;
      }, z.core.$strip>;
    };
    responses: {
      200: {
        description: string;
        content: Record<"text/html", {
          schema: {
            format?: string;
            type: "string";
          };
        }>;
      };
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/runs/:id/gates";
  };
}, {
  names: {
    method: "get";
    path: "/api/series/names";
    summary: string;
    request: {
      readonly query: z.ZodObject<{
        run: z.ZodUnion<readonly [z.ZodPipe<z.ZodString, z.ZodTransform<string[], string>>, z.ZodArray<z.ZodString>]>;
      }, z.core.$strip>;
    };
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          runs: z.ZodArray<
            z.ZodObject<{
              run: z.ZodString;
              cells: z.ZodArray<SeriesNamesSchema>;
            }, z.core.$strict>
          >;
          /** Ids of runs that are not there. */
          unknown: z.ZodArray<z.ZodString>;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/series/names";
  };
  series: {
    method: "get";
    path: "/api/series";
    summary: string;
    request: {
      readonly query: z.ZodObject<{
        x: z.ZodDefault<AxisSchema>;
        from: z.ZodOptional<z.ZodPipe<z.ZodString, z.ZodTransform<number, string>>>;
        to: z.ZodOptional<z.ZodPipe<z.ZodString, z.ZodTransform<number, string>>>;
        smooth: z.ZodOptional<z.ZodPipe<z.ZodString, z.ZodTransform<number, string>>>;
        points: z.ZodDefault<z.ZodPipe<z.ZodString, z.ZodTransform<number, string>>>;
        after: z.ZodOptional<
          z.ZodUnion<readonly [z.ZodPipe<z.ZodString, z.ZodTransform<string[], string>>, z.ZodArray<z.ZodString>]>
        >;
        run: z.ZodUnion<readonly [z.ZodPipe<z.ZodString, z.ZodTransform<string[], string>>, z.ZodArray<z.ZodString>]>;
        cell: z.ZodOptional<
          z.ZodUnion<readonly [z.ZodPipe<z.ZodString, z.ZodTransform<string[], string>>, z.ZodArray<z.ZodString>]>
        >;
        metric: z.ZodOptional<
          z.ZodUnion<readonly [z.ZodPipe<z.ZodString, z.ZodTransform<string[], string>>, z.ZodArray<z.ZodString>]>
        >;
      }, z.core.$strip>;
    };
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          x: AxisSchema;
          /** In the order in which they were asked for. */
          runs: z.ZodArray<
            z.ZodObject<{
              run: z.ZodString;
              /** What to ask for as `after` the next time. */
              lastSeq: z.ZodNumber;
              cells: z.ZodArray<CellSeriesSchema>;
            }, z.core.$strict>
          >;
          /** Ids of runs that are not there, such as those that were removed. */
          unknown: z.ZodArray<z.ZodString>;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/series";
  };
  csv: {
    method: "get";
    path: "/api/series.csv";
    summary: string;
    request: {
      readonly query: z.ZodObject<{
        run: z.ZodUnion<readonly [z.ZodPipe<z.ZodString, z.ZodTransform<string[], string>>, z.ZodArray<z.ZodString>]>;
        cell: z.ZodOptional<
          z.ZodUnion<readonly [z.ZodPipe<z.ZodString, z.ZodTransform<string[], string>>, z.ZodArray<z.ZodString>]>
        >;
        metric: z.ZodOptional<
          z.ZodUnion<readonly [z.ZodPipe<z.ZodString, z.ZodTransform<string[], string>>, z.ZodArray<z.ZodString>]>
        >;
      }, z.core.$strip>;
    };
    responses: {
      200: {
        description: string;
        content: Record<"text/csv", {
          schema: {
            format?: string;
            type: "string";
          };
        }>;
      };
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/series.csv";
  };
}, {
  list: {
    method: "get";
    path: "/api/sweeps";
    summary: string;
    request: Record<never, never>;
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          sweeps: z.ZodArray<
            z.ZodObject<{
              sweep: z.ZodString;
              name: z.ZodString;
              experiment: z.ZodString;
              status: z.ZodEnum<
                { done: "done"; failed: "failed"; lost: "lost"; running: "running"; stopped: "stopped" }
              >;
              startedAt: z.ZodString;
              updatedAt: z.ZodString;
              /** The settings that are varied. */
              keys: z.ZodReadonly<z.ZodArray<z.ZodString>>;
              /** How many trials are in each state. */
              counts: z.ZodRecord<
                z.ZodEnum<
                  {
                    done: "done";
                    failed: "failed";
                    lost: "lost";
                    pending: "pending";
                    running: "running";
                    stopped: "stopped";
                  }
                >,
                z.ZodNumber
              >;
            }, z.core.$strict>
          >;
          /** Sweeps that cannot be shown, and why. */
          unreadable: z.ZodArray<
            z.ZodObject<{
              sweep: z.ZodString;
              reason: z.ZodString;
            }, z.core.$strict>
          >;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/sweeps";
  };
  sweep: {
    method: "get";
    path: "/api/sweeps/{id}";
    summary: string;
    request: {
      readonly params: z.ZodObject<{
        id: z.ZodString;
      }, z.core.$strip>;
      readonly query: z.ZodObject<{
        metric: z.ZodOptional<z.ZodString>;
      }, z.core.$strip>;
    };
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          sweep: z.ZodObject<{
            random: z.ZodNullable<
              z.ZodObject<{
                draws: z.ZodNumber;
                seed: z.ZodNumber;
                ranges: z.ZodReadonly<
                  z.ZodArray<
                    z.ZodObject<{
                      key: z.ZodString;
                      scale: z.ZodString;
                      low: z.ZodNumber;
                      high: z.ZodNumber;
                    }, z.core.$strict>
                  >
                >;
              }, z.core.$strict>
            >;
            command: z.ZodReadonly<z.ZodArray<z.ZodString>>;
            metric: z.ZodString;
            better: z.ZodEnum<{ higher: "higher"; lower: "lower" }>;
            /** Metrics that trials could be compared by. */
            metrics: z.ZodReadonly<z.ZodArray<z.ZodString>>;
            /** Numbers of the best trials: several if their values are equal at the digits shown. */
            best: z.ZodReadonly<z.ZodArray<z.ZodNumber>>;
            trials: z.ZodReadonly<z.ZodArray<RankedTrialSchema>>;
            /** Lines of its file that could not be read. */
            damage: z.ZodReadonly<z.ZodArray<z.ZodNumber>>;
            sweep: z.ZodString;
            name: z.ZodString;
            experiment: z.ZodString;
            status: z.ZodEnum<{ done: "done"; failed: "failed"; lost: "lost"; running: "running"; stopped: "stopped" }>;
            startedAt: z.ZodString;
            updatedAt: z.ZodString;
            /** The settings that are varied. */
            keys: z.ZodReadonly<z.ZodArray<z.ZodString>>;
            /** How many trials are in each state. */
            counts: z.ZodRecord<
              z.ZodEnum<
                {
                  done: "done";
                  failed: "failed";
                  lost: "lost";
                  pending: "pending";
                  running: "running";
                  stopped: "stopped";
                }
              >,
              z.ZodNumber
            >;
          }, z.core.$strict>;
          report: z.ZodBoolean;
          runsFolder: z.ZodString;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/sweeps/:id";
  };
  report: {
    method: "get";
    path: "/api/sweeps/{id}/report";
    summary: string;
    request: {
      readonly params: z.ZodObject<{
        id: z.ZodString;
      }, z.core.$strip>;
    };
    responses: {
      200: {
        description: string;
        content: Record<"text/html", {
          schema: {
            format?: string;
            type: "string";
          };
        }>;
      };
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/sweeps/:id/report";
  };
}, {
  window: {
    method: "get";
    path: "/api/table";
    summary: string;
    request: {
      readonly query: z.ZodObject<{
        limit: z.ZodOptional<z.ZodString>;
        since: z.ZodOptional<z.ZodString>;
        filter: z.ZodOptional<z.ZodString>;
        sort: z.ZodOptional<z.ZodString>;
        columns: z.ZodOptional<z.ZodString>;
        group: z.ZodOptional<z.ZodString>;
        open: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodArray<z.ZodString>]>>;
        offset: z.ZodOptional<z.ZodString>;
      }, z.core.$strip>;
    };
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          /** Runs in the folder, runs that satisfy the filter, and how many of these are under way. */
          total: z.ZodNumber;
          matching: z.ZodNumber;
          running: z.ZodNumber;
          /** Rows of the whole view, and the first one of this window. */
          rowCount: z.ZodNumber;
          offset: z.ZodNumber;
          columns: z.ZodArray<TableColumnSchema>;
          /** Settings that differ, too, but are not shown unless they are chosen. */
          moreColumns: z.ZodNumber;
          /** What was wrong with the view, in words. */
          problems: z.ZodArray<z.ZodString>;
          /** Why the rows may be old, in words; null where they are not. */
          stale: z.ZodNullable<z.ZodString>;
          /** Names this window, in `since`. */
          version: z.ZodString;
          /** A number stands for the row at that place in the window that `since` names. */
          rows: z.ZodReadonly<z.ZodArray<z.ZodUnion<readonly [TableRowSchema, z.ZodInt]>>>;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/table";
  };
  ids: {
    method: "get";
    path: "/api/table/ids";
    summary: string;
    request: {
      readonly query: z.ZodObject<{
        filter: z.ZodOptional<z.ZodString>;
        sort: z.ZodOptional<z.ZodString>;
        columns: z.ZodOptional<z.ZodString>;
        group: z.ZodOptional<z.ZodString>;
        open: z.ZodOptional<z.ZodUnion<readonly [z.ZodString, z.ZodArray<z.ZodString>]>>;
        offset: z.ZodOptional<z.ZodString>;
      }, z.core.$strip>;
    };
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          runs: z.ZodArray<z.ZodString>;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/table/ids";
  };
  names: {
    method: "get";
    path: "/api/table/names";
    summary: string;
    request: Record<never, never>;
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          names: z.ZodArray<
            z.ZodObject<{
              name: z.ZodString;
              column: z.ZodBoolean;
              values: z.ZodArray<z.ZodString>;
            }, z.core.$strict>
          >;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/table/names";
  };
}, {
  list: {
    method: "get";
    path: "/api/removals";
    summary: string;
    request: Record<never, never>;
    responses: {
      200: JsonResponse<
        z.ZodObject<{
          removals: z.ZodArray<
            z.ZodObject<{
              removal: z.ZodString;
              time: z.ZodString;
              runs: z.ZodArray<z.ZodString>;
            }, z.core.$strict>
          >;
        }, z.core.$strict>
      >;
      default: JsonResponse<ErrorSchema>;
    };
  } & {
    getRoutingPath(): "/api/removals";
  };
}];
export interface ErrorSchema extends
  z.ZodObject<{
    error: z.ZodObject<{
      /** Stable machine-readable name, such as `run.unknown`. */
      code: z.ZodString;
      message: z.ZodString;
      /** `invalid_request_error` or `server_error`, and the wrong parameter: fields of OpenAI's errors, as of the models' API. */
      type: z.ZodString;
      param: z.ZodNull;
    }, z.core.$strict>;
  }, z.core.$strict> {}
