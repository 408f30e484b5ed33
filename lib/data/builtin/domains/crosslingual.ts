// Mathematics in five languages other than English.
import type { BuiltinDomain } from "../domain.ts";
import { MATH_LANGUAGES } from "../math-templates.ts";
import { mathDocuments, mathProblems } from "../math.ts";

export const crosslingual: BuiltinDomain = {
  name: "crosslingual",
  about: "math in five other languages",
  packages: [],
  languages: MATH_LANGUAGES.slice(1),
  task: { name: "crosslingual-arithmetic", kind: "generation", limit: "problems" },
  open: ({ seed, problems }) =>
    Promise.resolve({
      documents: (split, bytes) => mathDocuments("crosslingual", split, { bytes, english: 0, seed }),
      questions: () => ({ kind: "exact", questions: mathProblems(problems, seed, "others") }),
    }),
};
