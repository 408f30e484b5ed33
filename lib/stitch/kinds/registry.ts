// All kinds of stitches. A new kind is a file in this folder and an entry in this list.
import type { z } from "zod";
import { nearest, UserError } from "../../errors.ts";
import type { StitchKindName } from "../../stitch-kinds.ts";
import type { StitchSettings } from "../settings.ts";
import { expertsIntoHub } from "./experts-into-hub.ts";
import { hubIntoExperts } from "./hub-into-experts.ts";
import type { StitchKind } from "./kind.ts";
import { lowRankExpertsIntoHub } from "./low-rank.ts";
import type { KindSettingsShape } from "../inferred-types.ts";

/** In the order of `--help`. */
const KINDS = [expertsIntoHub, hubIntoExperts, lowRankExpertsIntoHub] as const;

type Intersection<Union> = (Union extends unknown ? (member: Union) => void : never) extends (
  member: infer Members,
) => void ? Members
  : never;

type Flat<Shape> = { [Key in keyof Shape]: Shape[Key] };

/** The settings that kinds have of their own. */
export const kindSettings: KindSettingsShape = Object.assign(
  {},
  ...KINDS.map(({ settings }) => settings),
) as Flat<Intersection<(typeof KINDS)[number]["settings"]>>;

type AllSettings = StitchSettings & z.infer<z.ZodObject<typeof kindSettings>>;

export const STITCH_KINDS: readonly (StitchKind<AllSettings> & { readonly name: StitchKindName })[] = KINDS;

/** @throws UserError `stitch.kind` for a name that no kind has */
export function stitchKind(name: string): StitchKind<AllSettings> {
  const kind = STITCH_KINDS.find((kind) => kind.name === name);
  if (kind !== undefined) return kind;
  const names = STITCH_KINDS.map(({ name }) => name);
  const near = nearest(name, names);
  throw new UserError(
    "stitch.kind",
    `Unknown kind of stitch "${name}": expected one of ${names.join(", ")}`,
    near === undefined ? undefined : `did you mean ${near}?`,
  );
}
