// The jobs of a run on a cluster.
import assert from "node:assert/strict";
import { type Job, jobsOf } from "../../lib/cluster/jobs.ts";
import { parameterCount } from "../../lib/model/mod.ts";
import { pretrainFlops, stitchTrainFlops } from "../../lib/train/mod.ts";
import { paperConfig, paperJobs } from "./paper.ts";

const config = paperConfig();
const model = { ...config.model, vocabSize: config.tokenizer.vocabSize };

Deno.test("`jobsOf()` has the paper's tokens, FLOPs and parameters", () => {
  const tokens = ({ steps, batch, sequence }: Job) => steps * batch * sequence;
  assert.ok(Math.abs(tokens(paperJobs.seed!) / 15e12 - 1) < 0.01);
  for (const expert of paperJobs.experts) assert.ok(Math.abs(tokens(expert) / 200e9 - 1) < 0.01);
  assert.ok(Math.abs(tokens(paperJobs.stitch) / 15e9 - 1) < 0.03);
  assert.equal(paperJobs.seed!.trained, parameterCount(model));
  assert.equal(paperJobs.seed!.flopsPerToken, pretrainFlops(model));
  assert.equal(paperJobs.stitch.flopsPerToken, stitchTrainFlops(model, config.stitch, 3));
  assert.equal(paperJobs.stitch.trained, 264_241_152);
  assert.equal(paperJobs.stitch.frozen, 4 * parameterCount(model));
});

Deno.test("`jobsOf()` with recomputed activations has the FLOPs of one more forward pass, and less memory", () => {
  const { experts } = jobsOf(paperConfig("train.expert.activations=recompute"));
  assert.ok(Math.abs(experts[0]!.flopsPerToken / paperJobs.experts[0]!.flopsPerToken - 4 / 3) < 1e-9);
  assert.ok(experts[0]!.activations < paperJobs.experts[0]!.activations / 5);
});
