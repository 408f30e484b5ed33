// Mathematics in English and five other languages, which is generated.
import type { BuiltinDomain } from "../domain.ts";
import { MATH_LANGUAGES } from "../math-templates.ts";
import { mathChoices, mathDocuments, mathProblems } from "../math.ts";

export const math: BuiltinDomain = {
  name: "math",
  about: "generated problems with exact answers",
  packages: [],
  languages: MATH_LANGUAGES,
  task: { name: "arithmetic", kind: "generation", limit: "problems" },
  hardTask: { name: "arithmetic-choice", kind: "choice", limit: "problems", tokens: 24 },
  open: ({ seed, mathEnglish: english, problems, questions }) =>
    Promise.resolve({
      documents: (split, bytes) => mathDocuments("math", split, { bytes, english, seed }),
      questions: () =>
        questions === "hard"
          ? { kind: "choice", questions: mathChoices(problems, seed) }
          : { kind: "exact", questions: mathProblems(problems, seed) },
    }),
};
