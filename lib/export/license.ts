// The license of an exported model: the identifiers of the Hugging Face hub.
import { nearest, UserError } from "../errors.ts";
import type { License } from "../pretrained/mod.ts";

/** What the hub's model cards take, besides `other` (https://huggingface.co/docs/hub/repositories-licenses, August 2026). */
const LICENSE_IDS: readonly string[] = [
  ..."apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0".split(" "),
  ..."bigcode-openrail-m afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear".split(" "),
  ..."c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0".split(" "),
  ..."cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0".split(" "),
  ..."cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0".split(" "),
  ..."cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl".split(" "),
  ..."gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 isc h-research intel-research lppl-1.3c ms-pl".split(" "),
  ..."apple-ascl apple-amlr mpl-2.0 odc-by odbl openmdw-1.0 openmdw-1.1 openrail++ osl-3.0".split(" "),
  ..."postgresql ofl-1.1 ncsa unlicense zlib pddl lgpl-lr deepfloyd-if-license".split(" "),
  ..."fair-noncommercial-research-license llama2 llama3 llama3.1 llama3.2 llama3.3 llama4".split(" "),
  ..."grok2-community gemma unknown".split(" "),
];

/** The identifier of licenses that the hub has no other for. */
const OTHER = "other";

/** The nearest identifier of those with the same first word, their first, or else of all: `apache-2.0` for `Apache License`. */
function nearestId(text: string): string | undefined {
  const [word] = /^[a-z]+/.exec(text.toLowerCase()) ?? [];
  const alike = LICENSE_IDS.filter((id) => id.split("-")[0] === word);
  return nearest(text, alike) ?? alike[0] ?? nearest(text, LICENSE_IDS);
}

/** A license in words: `mit`, or `my-license-1.0 (https://…)`. */
export const licenseText = ({ id, name, link }: License): string =>
  name === undefined ? id : link === undefined ? name : `${name} (${link})`;

/**
 * Checks that the hub takes a license.
 *
 * @throws UserError `export.license` naming the nearest identifier, or what `other` needs
 */
export function checkLicense({ id, name, link }: License): void {
  const wrong = (message: string, hint?: string) => new UserError("export.license", message, hint);
  const other = `--license ${OTHER} --license-name my-license-1.0 --license-link https://…`;
  if (id === OTHER) {
    if (name === undefined || link === undefined) {
      const lacks = name === undefined ? "--license-name" : "--license-link";
      throw wrong(
        `Cannot state the license "${OTHER}" without ${lacks}: nobody would know which one it is`,
        `give ${other}`,
      );
    }
    if (!/^[a-z0-9][a-z0-9.+_-]*$/.test(name)) {
      throw wrong(
        `The license name "${name}" is no identifier: expected one of small letters, digits and . + _ -`,
        `as in ${other}`,
      );
    }
    if (!/^(LICEN[CS]E(\.md|\.txt)?|https?:\/\/\S+)$/.test(link)) {
      throw wrong(
        `The license link "${link}" is neither an address nor LICENSE, LICENSE.md or LICENSE.txt in the folder`,
        "give the address of its text, or LICENSE, and put that file into the folder before you push it",
      );
    }
    return;
  }
  if (!LICENSE_IDS.includes(id)) {
    const near = nearestId(id);
    throw wrong(
      `Unknown license "${id}": expected an identifier of the Hugging Face hub, such as apache-2.0, or ${OTHER}`,
      `${
        near === undefined ? "" : `did you mean ${near}? `
      }https://huggingface.co/docs/hub/repositories-licenses lists them; for others: ${other}`,
    );
  }
  if (name !== undefined || link !== undefined) {
    throw wrong(
      `Cannot take ${
        name === undefined ? "--license-link" : "--license-name"
      } besides --license ${id}: only a license that ` +
        `is "${OTHER}" has a name and a link`,
      `leave it out, or give ${other}`,
    );
  }
}
