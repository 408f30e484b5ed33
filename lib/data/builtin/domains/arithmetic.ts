// Mathematics in English only.
import type { BuiltinDomain } from "../domain.ts";
import { mathDocuments, mathProblems } from "../math.ts";

export const arithmetic: BuiltinDomain = {
  name: "arithmetic",
  about: "math in English",
  packages: [],
  languages: ["en"],
  task: { name: "arithmetic", kind: "generation" },
  open: ({ seed, problems }) =>
    Promise.resolve({
      documents: (split, bytes) => mathDocuments("arithmetic", split, { bytes, english: 1, seed }),
      questions: () => ({ kind: "exact", questions: mathProblems(problems, seed) }),
    }),
};
