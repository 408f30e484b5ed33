// Which results of two methods are paired: those over the same documents and questions, and no others.
import assert from "node:assert/strict";
import type { KeptScores } from "../../../lib/run/paired/kept-scores.ts";
import { pairedDifference, pairedShareDifference } from "../../../lib/run/paired/intervals.ts";
import { pairedPlaces, type ScoredMethod, scoredMethod } from "../../../lib/run/paired/differences.ts";
import { answersOn, lossesOn, resultsFrom, SCORED_DOMAINS } from "../scored-runs.ts";

/** What a run kept of one method, and its results. */
function scored(worse: number, { text = 0, run = "a", named = true, method = "bts" } = {}): ScoredMethod {
  const [losses, answers] = [lossesOn(text, worse), answersOn(text, worse)];
  const names = (all: readonly string[]) =>
    named ? Object.fromEntries(all.map((name) => [name, `${name} ${text}`])) : {};
  const kept: KeptScores = {
    run,
    method,
    losses: Object.fromEntries(
      Object.entries(losses).map(([domain, { nll, bytes }]) => [
        domain,
        { nll: Float64Array.from(nll), bytes: Float64Array.from(bytes) },
      ]),
    ),
    answers,
    on: { documents: names(SCORED_DOMAINS), questions: names(["arithmetic"]) },
  };
  return { kept, results: resultsFrom({ [method]: losses }, { [method]: answers }).methods[method]! };
}

const placesOf = (a: ScoredMethod, b: ScoredMethod) => [...pairedPlaces(a, b).keys()];
const ALL = ["bpb/english", "bpb/code", "bpb/mean", "arithmetic"];

Deno.test("the same documents and questions are paired, as reports pair them", () => {
  const [a, b] = [scored(0.1), scored(0, { run: "b" })];
  const places = pairedPlaces(a, b);
  assert.deepEqual([...places.keys()], ALL);
  const of = ({ kept: { losses } }: ScoredMethod) => SCORED_DOMAINS.map((domain) => losses[domain]!);
  const { value, low, high, samples } = pairedDifference(of(a), of(b));
  assert.deepEqual(places.get("bpb/mean")!.compute(), { value, interval: [low, high], samples });
  assert.ok(Math.abs(value - 0.1 / Math.LN2) < 1e-9 && low! > 0, "0.1 nats per byte on every document");
  const share = pairedShareDifference(a.kept.answers.arithmetic!, b.kept.answers.arithmetic!);
  const { value: difference, interval } = places.get("arithmetic")!.compute();
  assert.deepEqual([difference, interval], [share.value, [share.low, share.high]]);
});

Deno.test("other documents and questions are not paired, and neither is what may be other ones", () => {
  assert.deepEqual(placesOf(scored(0), scored(0, { run: "b", text: 1 })), []);
  // Runs of earlier versions do not say what they were measured on: documents have their bytes, questions nothing.
  const [old, older] = [scored(0, { named: false }), scored(0.1, { named: false, run: "b" })];
  assert.deepEqual(placesOf(old, older), ALL.slice(0, 3));
  assert.deepEqual(
    placesOf(old, scored(0.1, { named: false })),
    ALL,
    "within a run all methods have the same questions",
  );
  // Documents of the same lengths that are named differently.
  const other = scored(0.1, { run: "b" });
  const on = { ...other.kept.on, documents: { ...other.kept.on.documents, code: "another text" } };
  assert.deepEqual(placesOf(scored(0), { ...other, kept: { ...other.kept, on } }), ["bpb/english", "arithmetic"]);
  // One with fewer domains: the means are of different ones.
  const { english } = other.kept.losses;
  const fewer = { ...other, kept: { ...other.kept, losses: { english: english! } } };
  assert.deepEqual(placesOf(scored(0), fewer), ["bpb/english", "arithmetic"]);
});

Deno.test("only scores that give a method's results count, under whatever name, and the most of them", () => {
  const { kept, results } = scored(0);
  const { kept: others } = scored(0.1);
  assert.equal(scoredMethod("bts", results, [others]), undefined);
  assert.equal(scoredMethod("bts", results, [others, kept])?.kept, kept);
  assert.equal(scoredMethod("renamed", results, [others, kept])?.kept, kept);
  const losses = { ...kept, answers: {} };
  assert.equal(scoredMethod("bts", results, [losses, kept])?.kept, kept);
  assert.equal(scoredMethod("bts", results, [losses])?.kept, losses);
  const nothing = { ...kept, losses: {}, answers: {} };
  assert.equal(scoredMethod("bts", results, [nothing]), undefined);
});
