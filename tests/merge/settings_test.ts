// The settings of an ensemble and the file of its prior.
import assert from "node:assert/strict";
import { btmOptions, btmSettingsSchema, loadPrior, savePrior } from "../../lib/merge/ensemble/settings.ts";
import { withFolder } from "../run/fixtures.ts";

Deno.test("a prior is computed only if the settings ask for one, and a file keeps it to the last bit", () =>
  withFolder(async (folder) => {
    const prior = [1 / 3, 2 / 3];
    const settings = btmSettingsSchema.parse({ topK: 1, temperature: 2 });
    const options = { topK: 1, temperature: 2, history: null };
    assert.deepEqual(await btmOptions(settings, () => Promise.resolve(prior)), { ...options, prior });
    const never = () => Promise.reject(new Error("not asked for"));
    assert.deepEqual(await btmOptions({ ...settings, prior: "uniform" }, never), { ...options, prior: null });
    await assert.rejects(loadPrior(folder), { name: "UserError", code: "merge.prior" });
    await savePrior(folder, prior);
    assert.deepEqual(await loadPrior(folder), prior);
  }));
