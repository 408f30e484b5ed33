// What a server and the process of its models say to each other: one line of JSON each way.
import { z } from "zod";
import type { ApiOptions } from "./app.ts";

/** The first line to the process; it ends when its input does. */
export interface InferenceStart<Settings> {
  readonly access: Pick<ApiOptions, "apiKey" | "places">;
  /** What the process loads models by. */
  readonly settings: Settings;
}

/** The first line from the process. */
export const inferenceStateSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("listening"), port: z.int(), models: z.array(z.string()) }),
  /** A mistake of the user's. */
  z.strictObject({ kind: z.literal("refused"), code: z.string(), message: z.string(), hint: z.string().optional() }),
]);

export type InferenceState = z.infer<typeof inferenceStateSchema>;
