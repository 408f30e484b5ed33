// The settings of the study of many experts.
import { z } from "zod";
import { type BtsConfig, btsDefinition, domainDefaults } from "../../../lib/bts/mod.ts";
import { methodLabel } from "../../../lib/methods.ts";
import { type ExperimentDefinition, withDependentDefaults } from "../../../lib/run/mod.ts";
import { type Direction, direction } from "../../../lib/study/mod.ts";
import { comparisonSettings } from "../../baselines/config.ts";
import { ensembleNames, TOP_K } from "../groups/ensembles.ts";
import { groupPresets } from "../groups/presets.ts";

/** Numbers of experts, unless told otherwise. */
const COUNTS = [2, 4, 8, 16, 32] as const;

/** The numbers for which the methods are built, too. */
const BUILT = [2, 8, 32] as const;

/** The methods that are built besides stitching. */
const METHODS = ["routing", "btx-top2", "dume"] as const;

/** The name in the results of a method with this number of experts. */
export const builtName = (method: string, n: number): string => `${methodLabel(method)}, n=${n}`;

/**
 * What is known of each number of experts, method after method.
 *
 * @param rows by number of experts; some have fewer methods
 */
export function byMethod<One>(rows: readonly (readonly One[])[], nameOf: (one: One) => string): One[] {
  const methodOf = (one: One) => nameOf(one).slice(0, nameOf(one).lastIndexOf(", n="));
  const most = rows.reduce((a, b) => b.length > a.length ? b : a);
  return most.map(methodOf).flatMap((method) => rows.flatMap((row) => row.filter((one) => methodOf(one) === method)));
}

const settings = comparisonSettings({ methods: METHODS, merges: [], secondEnsemble: false }).extend({
  counts: z.array(z.int().min(2).max(512)).min(1).default([...COUNTS])
    .describe(
      "numbers of experts; as many domains as the largest are discovered in the text of data.domains",
    ),
  built: z.array(z.int().min(2).max(512)).default([...BUILT])
    .describe("the numbers of experts among counts for which the methods of baselines.methods are built, too"),
});

/** All settings. The experts are those of discovered domains, so `experts` has no effect. */
export type ManyConfig = z.infer<typeof settings>;

const schema = withDependentDefaults(settings, domainDefaults);

const title = "Many experts";
const question = "How do quality, cost and the use of experts change from 2 to 32 experts?";

const { smoke, quick } = groupPresets;

/** BTX is trained with the same schedule as the stitches, as a whole, and needs a lower rate than these. */
const SLOW = { steps: 150, warmup: 10, lr: 5e-3 };

/** The experiment's name, settings and presets, for the command line. */
export const manyDefinition: ExperimentDefinition<typeof schema> = {
  name: "many-experts",
  title,
  description: question,
  schema,
  mayChange: btsDefinition.mayChange!,
  defaultPreset: "quick",
  presets: {
    ...groupPresets,
    smoke: { ...smoke!, config: { ...smoke!.config, counts: [2, 4], built: [2, 4] } },
    quick: { ...quick!, config: { ...quick!.config, train: { ...quick!.config.train, stitch: SLOW } } },
  },
};

const bts = (n: number) => builtName("bts", n);

/** The study as a section of a results page. */
export const manyExpertsStudy = {
  name: "many-experts",
  title,
  question,
  directions(_: BtsConfig): Direction[] {
    const most = COUNTS.at(-1)!;
    const { soup, btm, topK } = ensembleNames(most);
    const steps = COUNTS.slice(1).map((n, i) =>
      direction(`BTS of ${n} experts is better than of ${COUNTS[i]}`, bts(n), bts(COUNTS[i]!))
    );
    return [
      ...steps,
      direction(`BTS of ${most} experts is better than the seed`, bts(most), "seed"),
      direction(`BTS of ${most} experts is better than their soup`, bts(most), soup),
      ...METHODS.map((method) =>
        direction(
          `BTS of ${most} experts is better than ${builtName(method, most)}`,
          bts(most),
          builtName(method, most),
        )
      ),
      direction(`BTS of ${most} experts is better than BTM of them`, bts(most), btm),
      direction(`BTM of ${most} experts is better than its best ${TOP_K} at a token`, btm, topK),
    ];
  },
};
