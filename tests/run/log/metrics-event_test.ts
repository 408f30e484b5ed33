// Metrics events without the schema: whatever is accepted, the schema accepts unchanged.
import assert from "node:assert/strict";
import { eventSchema } from "../../../lib/run/events/events.ts";
import { metricsEvent } from "../../../lib/run/log/metrics-event.ts";

const EVENT = {
  seq: 7,
  time: "2026-11-29T19:20:00.123Z",
  kind: "metrics",
  cell: "expert:code",
  step: 3,
  steps: 10,
  values: { loss: 2.5, lr: null, "mlp/edge": 0 },
};

Deno.test("what a run writes is accepted", () => {
  for (const event of [EVENT, { ...EVENT, values: {} }, { ...EVENT, step: 0 }]) {
    assert.equal(metricsEvent(event), event);
    assert.deepEqual(eventSchema.parse(event), event);
  }
});

Deno.test("`metricsEvent()` accepts nothing that the schema refuses or changes", () => {
  const odd = [
    undefined,
    null,
    "",
    "x",
    "2026-02-30T00:00:00.000Z",
    "2026-11-29",
    -1,
    0,
    1,
    1.5,
    2 ** 53,
    NaN,
    Infinity,
  ];
  const more = [{}, [], { loss: "1" }, { loss: NaN }, { loss: undefined }, JSON.parse('{"__proto__":1}'), true];
  let accepted = 0;
  for (const field of [...Object.keys(EVENT), "crc"]) {
    for (const value of [...odd, ...more]) {
      const changed = { ...EVENT, [field]: value };
      if (metricsEvent(changed) === undefined) continue;
      accepted++;
      assert.deepEqual(eventSchema.parse(changed), changed, `${field}: ${JSON.stringify(value)}`);
    }
    const { [field as "seq"]: _, ...without } = EVENT;
    if (field !== "crc") assert.equal(metricsEvent(without), undefined, `without ${field}`);
  }
  assert.ok(accepted > 3, "some changes are fine");
  for (const value of [null, undefined, 1, "metrics", [], [EVENT]]) assert.equal(metricsEvent(value), undefined);
});
