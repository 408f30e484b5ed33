// What a sweep varies and its trials: order, draws, and every malformed option as one clear sentence.
import assert from "node:assert/strict";
import { UserError } from "../../../lib/errors.ts";
import { countTrials, planTrials } from "../../../lib/run/sweep/plan.ts";
import { readSpace, type SpaceOptions } from "../../../lib/run/sweep/spec.ts";

const settings = (options: SpaceOptions) => planTrials(readSpace(options)).map(({ settings }) => settings);

Deno.test("`planTrials()` varies the last key fastest and the seeds slowest", () => {
  const space = readSpace({ grid: ["a.b=1,2", "c=x, y"], seeds: "7,3" });
  const trials = planTrials(space).map(({ settings, seed }) => `${seed} ${settings["a.b"]} ${settings.c}`);
  assert.deepEqual(trials, ["7 1 x", "7 1 y", "7 2 x", "7 2 y", "3 1 x", "3 1 y", "3 2 x", "3 2 y"]);
  assert.equal(countTrials(space), 8);
  assert.deepEqual(readSpace({ seeds: "1-3,7" }).seeds, [1, 2, 3, 7], "as every experiment reads them");
});

Deno.test("`readSpace()` keeps lists, objects and quoted texts whole", () => {
  const texts = settings({ grid: ['k=[0,1],[2],{"a": [1,2]},"x,\\"y",plain'] }).map(({ k }) => k);
  assert.deepEqual(texts, ["[0,1]", "[2]", '{"a": [1,2]}', '"x,\\"y"', "plain"]);
});

Deno.test("`planTrials()` draws within every range, evenly in its own scale, and the same for the same seed", () => {
  const options = {
    range: ["lin=-1..3", "log=log:1e-4..1e-2", "int=int:1..3", "big=log-int:1..1024"],
    grid: ["kind=a,b"],
    random: "400",
  };
  const points = settings(options);
  assert.deepEqual(settings(options), points);
  assert.notDeepEqual(settings({ ...options, randomSeed: "2" }), points);
  const column = (key: string) => points.map((point) => Number(point[key]));
  const share = (key: string, test: (value: number) => boolean) => column(key).filter(test).length / points.length;
  for (const [key, low, high] of [["lin", -1, 3], ["log", 1e-4, 1e-2], ["int", 1, 3], ["big", 1, 1024]] as const) {
    assert.equal(share(key, (value) => value >= low && value <= high), 1, key);
  }
  // Half of the draws on either side of the middle, within four standard deviations (0.1).
  assert.ok(Math.abs(share("lin", (value) => value < 1) - 0.5) < 0.1);
  assert.ok(Math.abs(share("log", (value) => value < 1e-3) - 0.5) < 0.1);
  for (const whole of [1, 2, 3]) assert.ok(Math.abs(share("int", (value) => value === whole) - 1 / 3) < 0.1);
  assert.equal(share("big", Number.isInteger), 1);
  assert.ok(share("big", (value) => value <= 32) > 0.4, "evenly in the logarithm");
  assert.ok(Math.abs(points.filter(({ kind }) => kind === "a").length / points.length - 0.5) < 0.1);
  assert.ok(column("log").every((value) => String(value).replace(/e.*|\D|^0+/g, "").replace(/^0+/, "").length <= 4));
});

Deno.test("`planTrials()` keeps the first draws when more are asked for, or another range is added", () => {
  const few = settings({ range: ["x=0..1"], random: "5" });
  assert.deepEqual(settings({ range: ["x=0..1"], random: "9" }).slice(0, 5), few);
  const more = settings({ range: ["x=0..1", "y=0..1"], random: "5" });
  assert.deepEqual(more.map(({ x }) => x), few.map(({ x }) => x));
});

Deno.test("`planTrials()` draws different points, one for each seed, and says when there are too few", () => {
  const points = settings({ range: ["n=int:1..4"], random: "4", seeds: "1,2" });
  assert.equal(points.length, 8);
  assert.deepEqual(points.slice(0, 4).map(({ n }) => Number(n)).sort(), [1, 2, 3, 4]);
  assert.deepEqual(points.slice(4), points.slice(0, 4));
  refuses({ range: ["n=int:1..4"], random: "5" }, "sweep.few-points", /5 different points.*--random 4/);
});

const malformed: readonly (readonly [SpaceOptions, string, RegExp])[] = [
  [{}, "sweep.empty", /varies nothing.*--grid/],
  [{ seeds: "4" }, "sweep.empty", /varies nothing/],
  [{ grid: ["stitch.count"] }, "sweep.malformed", /no "=".*write --grid/],
  [{ grid: ["=1,2"] }, "sweep.malformed", /no key/],
  [{ grid: ["a="] }, "sweep.malformed", /a has no values/],
  [{ grid: ["a=1,,2"] }, "sweep.malformed", /value 2 of a is empty/],
  [{ grid: ["a=1,2,"] }, "sweep.malformed", /value 3 of a is empty/],
  [{ grid: ["a=1,2,1"] }, "sweep.repeated", /takes the value 1 twice/],
  [{ grid: ["a=1,2", "a=3"] }, "sweep.repeated", /vary a twice.*--grid a=/],
  [{ grid: ["a=1,2"], range: ["a=0..1"], random: "3" }, "sweep.repeated", /vary a twice/],
  [{ range: ["a=0..1"] }, "sweep.conflict", /without --random/],
  [{ random: "5" }, "sweep.conflict", /nothing to draw from/],
  [{ random: "0", range: ["a=0..1"] }, "command.malformed", /--random 0/],
  [{ random: "two", range: ["a=0..1"] }, "command.malformed", /--random two/],
  [{ random: "2", range: ["a=0..1"], randomSeed: "-1" }, "command.malformed", /--random-seed -1/],
  [{ random: "2", range: ["a=5"] }, "sweep.malformed", /not low\.\.high/],
  [{ random: "2", range: ["a=0..x"] }, "sweep.malformed", /"x" is not a number/],
  [{ random: "2", range: ["a=0..1e999"] }, "sweep.malformed", /"1e999" is not a number/],
  [{ random: "2", range: ["a=3..3"] }, "sweep.malformed", /3 is not below 3/],
  [{ random: "2", range: ["a=log:0..1"] }, "sweep.malformed", /above 0/],
  [{ random: "2", range: ["a=int:0.5..2"] }, "sweep.malformed", /must be whole/],
  [{ random: "2", range: ["a=cubic:1..2"] }, "sweep.malformed", /"cubic" is none of lin, log, int, log-int/],
  [{ seeds: "1,2,1" }, "command.malformed", /seed 1 comes twice/],
  [{ seeds: "3-1" }, "command.malformed", /backwards/],
  [{ seeds: "1,x" }, "command.malformed", /--seeds 1,x: .*not "x"/],
  [{ seeds: "-1,2" }, "command.malformed", /--seeds -1/],
];

for (const [options, code, text] of malformed) {
  Deno.test(`\`readSpace()\` refuses ${JSON.stringify(options)} as ${code}`, () => refuses(options, code, text));
}

function refuses(options: SpaceOptions, code: string, text: RegExp): void {
  assert.throws(() => planTrials(readSpace(options)), (error) => {
    assert(error instanceof UserError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(`${error.message} | ${error.hint ?? ""}`, text);
    return true;
  });
}
