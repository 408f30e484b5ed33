// A date and a date with a time mean the same clock: local time, in every time zone.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { localMinute, readSince } from "../../lib/cli/time.ts";

const now = new Date("2026-11-29T12:00:00Z");

/** What a process in another time zone makes of texts, as ISO 8601 in UTC. */
async function inZone(zone: string, texts: readonly string[]): Promise<string[]> {
  const script = `
    import { localMinute, readSince } from "./lib/cli/time.ts";
    const now = new Date(${JSON.stringify(now)});
    const dates = ${JSON.stringify(texts)}.map((text) => readSince(text, now).toISOString());
    console.log(JSON.stringify([...dates, localMinute("2026-11-28T19:45:00.000Z")]));`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--ext=ts", script],
    cwd: new URL("../../", import.meta.url),
    env: { TZ: zone },
  }).output();
  assert.notEqual(stdout.length, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

for (
  const [zone, midnight, shown] of [
    ["Pacific/Auckland", "2026-11-28T11:00:00.000Z", "2026-11-29 08:45"],
    ["America/New_York", "2026-11-29T05:00:00.000Z", "2026-11-28 14:45"],
    ["UTC", "2026-11-29T00:00:00.000Z", "2026-11-28 19:45"],
  ] as const
) {
  Deno.test(`a date without a time zone is local time in ${zone}, with or without a time of day`, async () => {
    const local = ["2026-11-29", "2026-11-29T00:00", "2026-11-29 00:00:00.0"];
    const fixed = ["2026-11-29T00:00Z", "2026-11-29T13:00+13:00", "36h"];
    assert.deepEqual(await inZone(zone, [...local, ...fixed]), [
      midnight,
      midnight,
      midnight,
      "2026-11-29T00:00:00.000Z",
      "2026-11-29T00:00:00.000Z",
      "2026-11-28T00:00:00.000Z",
      shown,
    ]);
  });
}

Deno.test("`readSince()` refuses days that do not exist and what is no date, and tells what it takes", () => {
  for (
    const text of [
      "2026-02-30",
      "2026-13-01",
      "2026-11-29T25:00",
      "2026-11-29T",
      "29.11.2026",
      "yesterday",
      "",
      " 2026-11-29",
      "7",
      "1y",
    ]
  ) {
    assert.throws(() => readSince(text, now), (error) => error instanceof UserError && error.code === "list.since");
  }
  assert.equal(readSince("2w", now).toISOString(), "2026-11-15T12:00:00.000Z");
  assert.match(localMinute(now.toISOString()), /^2026-11-(29|30) \d\d:\d\d$/);
});

Deno.test("`readSince()` quotes what would be invisible in its message", () => {
  assert.throws(() => readSince("", now), /Cannot read --since "": expected/);
  assert.throws(() => readSince("2026-11-29 ", now), /Cannot read --since "2026-11-29 ": expected/);
});
