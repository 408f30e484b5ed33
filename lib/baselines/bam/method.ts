// BAM (arXiv 2408.08274): attention becomes experts, too; and the variant that trains adapters only.
import { mixtureMethod } from "../mixture/method.ts";

export const bam = mixtureMethod({
  name: "bam",
  label: "BAM",
  source: "arXiv 2408.08274",
  trains: "routers and all",
  summary: "BTX soft whose attention becomes experts, too, which are mixed softly",
  code: import.meta,
  mixture: { attention: "experts" },
});

export const bamAdapters = mixtureMethod({
  name: "bam-adapters",
  label: "BAM adapters",
  source: "arXiv 2502.00075",
  trains: "routers, adapters",
  summary: "BAM with a d×d adapter on every expert's output; everything else is frozen",
  code: import.meta,
  mixture: { attention: "experts", adapters: true },
});
