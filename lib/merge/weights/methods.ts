// All weight merge methods by name.
import { didYouMean, UserError } from "../../errors.ts";
import { breadcrumbs, breadcrumbsTies } from "./breadcrumbs.ts";
import { dareLinear, dareTies } from "./dare.ts";
import { della, dellaLinear } from "./della.ts";
import { karcher } from "./karcher.ts";
import { linear } from "./linear.ts";
import type { WeightMethod } from "./method.ts";
import { modelStock } from "./model-stock.ts";
import { nuslerp } from "./nuslerp.ts";
import { passthrough } from "./passthrough.ts";
import { sce } from "./sce.ts";
import { slerp } from "./slerp.ts";
import { taskArithmetic } from "./task-arithmetic.ts";
import { ties } from "./ties.ts";

/** In the order of the tables in docs and help. */
export const WEIGHT_METHODS: readonly WeightMethod[] = [
  linear,
  taskArithmetic,
  ties,
  dareLinear,
  dareTies,
  della,
  dellaLinear,
  breadcrumbs,
  breadcrumbsTies,
  sce,
  modelStock,
  slerp,
  nuslerp,
  karcher,
  passthrough,
];

/**
 * The method with this name. Hyphens may stand for underscores, and `soup` is `linear`.
 *
 * @throws UserError `merge.method`
 */
export function weightMethod(name: string): WeightMethod {
  const wanted = name === "soup" ? "linear" : name.replaceAll("-", "_");
  const method = WEIGHT_METHODS.find(({ name }) => name === wanted);
  if (method !== undefined) return method;
  const names = WEIGHT_METHODS.map(({ name }) => name);
  throw new UserError(
    "merge.method",
    `Unknown method "${name}": expected one of ${names.join(", ")}`,
    didYouMean(wanted, names),
  );
}
