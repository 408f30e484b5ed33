// Mathematics in English and five other languages, which is generated.
import type { BuiltinDomain } from "../domain.ts";
import { MATH_LANGUAGES } from "../math-templates.ts";
import { mathDocuments, mathProblems } from "../math.ts";

export const math: BuiltinDomain = {
  name: "math",
  about: "generated problems with exact answers",
  packages: [],
  languages: MATH_LANGUAGES,
  task: { name: "arithmetic", kind: "generation" },
  open: ({ seed, mathEnglish: english, problems }) =>
    Promise.resolve({
      documents: (split, bytes) => mathDocuments("math", split, { bytes, english, seed }),
      questions: () => ({ kind: "exact", questions: mathProblems(problems, seed) }),
    }),
};
