// Evaluating a stub that knows some answers: what is asked, kept, resumed, scored, and refused.
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  ANSWERS_FILE,
  codeJson,
  codeMeasures,
  type CodeSubject,
  codeTable,
  evaluateCode,
  parseProblems,
  passAtK,
} from "../../lib/code/mod.ts";
import { UserError } from "../../lib/errors.ts";
import type { GeneratedToken, Generation, GenerationRequest } from "../../lib/infer/mod.ts";
import { formatTable } from "../../lib/run/mod.ts";

const problems = parseProblems(
  ["easy", "hard"].map((level, i) =>
    JSON.stringify({
      id: level,
      level,
      entryPoint: "f",
      prompt: `/** Adds ${i + 1}. */\nfunction f(x: number): number {\n`,
      tests: [{ inputs: [1], expected: 2 + i }, { inputs: [5], expected: 6 + i }],
    })
  ).join("\n"),
  "stub",
);

/** Answers by character; those to the second problem are right for an even seed only. */
function stub() {
  const requests: GenerationRequest[] = [];
  const ended: string[] = [];
  const subject: CodeSubject = {
    identity: { model: "stub" },
    contextLength: 512,
    prompt: ({ prompt }) => ({ text: prompt, ids: [...prompt].map((letter) => letter.charCodeAt(0)) }),
    engine: {
      async *generate(request): AsyncGenerator<GeneratedToken, Generation, void> {
        requests.push(request);
        const prompt = String.fromCharCode(...request.prompt);
        const right = prompt.includes("Adds 1") || request.sampling!.seed! % 2 === 0;
        const added = prompt.includes("Adds 1") ? 1 : 2;
        const text = `  return x + ${right ? added : 7};\n}\n\nfunction g() { endless`;
        try {
          for (const letter of text) {
            await Promise.resolve();
            if (request.signal?.aborted) return generation("cancelled");
            yield { id: 0, logprob: 0, top: [], text: letter };
          }
          return generation("length");
        } finally {
          ended.push(prompt);
        }
      },
    },
  };
  return { subject, requests, ended };
}

const generation = (finish: Generation["finish"]): Generation => ({
  finish,
  text: "",
  promptTokens: 1,
  cachedTokens: 0,
  generatedTokens: 1,
});

Deno.test("answers are sampled, judged, kept, and not asked again", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { subject, requests, ended } = stub();
    const options = { folder, samples: 4, sampling: { temperature: 0.5, seed: 3 }, ks: [1, 2] };
    const first = await evaluateCode(problems, subject, options);
    assert.equal(requests.length, 8);
    assert.equal(new Set(requests.map(({ sampling }) => sampling!.seed)).size, 8, "each answer has its own seed");
    assert.ok(requests.every(({ sampling, maxTokens }) => sampling!.temperature === 0.5 && maxTokens === 512));
    assert.equal(ended.length, 8, "generations are ended when the function is");
    const right = requests.filter(({ prompt, sampling }) =>
      String.fromCharCode(...prompt).includes("Adds 2") && sampling!.seed! % 2 === 0
    ).length;
    const wanted = [passAtK({ n: 4, c: 4 }, 2), passAtK({ n: 4, c: right }, 2)];
    const score = (level: string, k: number) =>
      first.scores.find((one) =>
        one.level === level && one.k === k
      )!.estimate.value;
    assert.equal(score("easy", 2), wanted[0]);
    assert.equal(score("hard", 2), wanted[1]);
    assert.equal(score("all", 2), (wanted[0]! + wanted[1]!) / 2);
    assert.deepEqual(first.answers.map(({ problem, sample }) => `${problem} ${sample}`), [
      ...[0, 1, 2, 3].map((sample) => `easy ${sample}`),
      ...[0, 1, 2, 3].map((sample) => `hard ${sample}`),
    ]);
    for (const { prompt, answer, program, outcome, detail } of first.answers) {
      assert.equal(answer, program.slice(prompt.length, -1), "nothing after the function is read");
      assert.ok(outcome === "passed" || (outcome === "wrong" && detail === "f(1) returned 8, not 3"), detail);
    }

    // The file cut within its last line, as when the machine goes down: one answer is missing, and one more is wanted.
    const path = join(folder, ANSWERS_FILE);
    await Deno.writeTextFile(path, (await Deno.readTextFile(path)).slice(0, -10));
    const progress: number[] = [];
    const again = stub();
    const second = await evaluateCode(problems, again.subject, {
      ...options,
      samples: 5,
      onProgress: ({ kept, done }) => progress.push(kept, done),
    });
    assert.equal(again.requests.length, 3);
    assert.deepEqual(progress, [7, 7, 7, 8, 7, 9, 7, 10]);
    assert.deepEqual(second.answers.filter(({ sample }) => sample < 4), first.answers);
    const third = stub();
    assert.deepEqual(await evaluateCode(problems, third.subject, { ...options, samples: 5 }), second);
    assert.equal(third.requests.length, 0);

    const changed = evaluateCode(problems, subject, { ...options, sampling: { temperature: 1, seed: 3 } });
    await refused(changed, "evaluation.conditions", /temperature 0\.5, now 1/);
    const { measures, measurements } = codeMeasures(second, { name: undefined, levels: [] });
    assert.deepEqual(measures.map(({ name }) => name), measurements.map(({ name }) => name));
    assert.ok(measures.some(({ name }) => name === "code/hard/pass@2"));
    assert.match(formatTable(codeTable(second, "stub"), 100), /easy +1 +100\.0/);
    assert.equal(
      (codeJson(second).outcomes as Record<string, number>).passed,
      second.answers.filter((one) => one.outcome === "passed").length,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("an aborted evaluation ends with the signal's reason; numbers and folders that do not fit are refused", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { subject, requests, ended } = stub();
    const signal = AbortSignal.abort(new Error("stopped"));
    await assert.rejects(evaluateCode(problems, subject, { folder, signal }), /stopped/);
    assert.equal(requests.length, ended.length);
    await refused(evaluateCode(problems, subject, { folder, samples: 2 }), "code.samples", /all the same/);
    await refused(evaluateCode(problems, subject, { folder, samples: 0 }), "code.samples", /whole number from 1/);
    await refused(evaluateCode(problems, subject, { folder, ks: [2] }), "code.samples", /pass@2/);
    await Deno.writeTextFile(join(folder, ANSWERS_FILE), "something else\n");
    await refused(evaluateCode(problems, subject, { folder }), "evaluation.conditions", /is not a file of answers/);
    await Deno.writeTextFile(join(folder, "file"), "");
    await refused(evaluateCode(problems, subject, { folder: join(folder, "file") }), "evaluation.out", /Cannot write/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function refused(promise: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  await assert.rejects(
    promise,
    (error) => error instanceof UserError && error.code === code && message.test(error.message),
  );
}
