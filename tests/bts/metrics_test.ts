// What a run declares that it will log, so that a sweep can refuse a metric that there will not be.
import assert from "node:assert/strict";
import { btsConfigSchema } from "../../lib/bts/config.ts";
import { btsMetrics } from "../../lib/bts/metrics.ts";
import { parseMetric } from "../../lib/run/view/metrics.ts";
import { checkDeclared } from "../../lib/run/sweep/declared.ts";
import { UserError } from "../../lib/errors.ts";

Deno.test("the gates of every stitch, domain and model are declared, and no others", () => {
  const config = btsConfigSchema.parse({});
  const declared = btsMetrics(config);
  const gates = declared.curves.filter((name) => name.startsWith("stitch/gate/"));
  const domains = Object.values(config.mix.stitch).filter((weight) => weight > 0).length;
  assert.equal(gates.length, config.stitch.count * domains * (1 + config.experts.length));
  for (const name of ["stitch/gate/1/code/seed", "stitch/gate/2/english/math:min", "gate/1/code/code:last"]) {
    checkDeclared(parseMetric(name)!, declared, "bts");
  }
  for (const name of ["stitch/gate/99/code/seed", "stitch/gate/1/law/seed", "seed/gate/1/code/seed"]) {
    assert.throws(() => checkDeclared(parseMetric(name)!, declared, "bts"), UserError, name);
  }
});
