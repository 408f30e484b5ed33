// Types of this room's schemas. `deno task build:types` writes this file; change the schemas instead.
import type { z } from "zod";

export interface JsonTextSchema extends z.ZodPipe<z.ZodString, z.ZodTransform<unknown, string>> {}
