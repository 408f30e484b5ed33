// Mathematics in English only.
import type { BuiltinDomain } from "../domain.ts";
import { mathChoices, mathDocuments, mathProblems } from "../math.ts";

export const arithmetic: BuiltinDomain = {
  name: "arithmetic",
  about: "math in English",
  packages: [],
  languages: ["en"],
  task: { name: "arithmetic", kind: "generation", limit: "problems" },
  hardTask: { name: "arithmetic-choice", kind: "choice", limit: "problems", tokens: 24 },
  open: ({ seed, problems, questions }) =>
    Promise.resolve({
      documents: (split, bytes) => mathDocuments("arithmetic", split, { bytes, english: 1, seed }),
      questions: () =>
        questions === "hard"
          ? { kind: "choice", questions: mathChoices(problems, seed) }
          : { kind: "exact", questions: mathProblems(problems, seed) },
    }),
};
