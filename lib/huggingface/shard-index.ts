// Reads `model.safetensors.index.json`, which says which shard holds which weight.
import { folderError, readJson } from "./files.ts";

/**
 * The file name for each weight.
 *
 * @throws UserError when a file is not a plain name in the same folder
 */
export async function readShardIndex(path: string): Promise<ReadonlyMap<string, string>> {
  const { weight_map: map } = await readJson(path);
  if (typeof map !== "object" || map === null || Array.isArray(map)) {
    throw folderError(path, "weight_map is not an object from weight to file");
  }
  const places = new Map<string, string>();
  for (const [name, shard] of Object.entries(map)) {
    if (typeof shard !== "string" || !/^[\w][\w.-]*\.safetensors$/.test(shard) || shard.includes("..")) {
      throw folderError(
        path,
        `weight ${JSON.stringify(name)} is in ${JSON.stringify(shard)}, ` +
          `which is not the plain name of a .safetensors file in the same folder`,
      );
    }
    places.set(name, shard);
  }
  return places;
}

/** The error for a weight that is missing from the file that the index at `path` names. */
export function notWhereItSays(path: string, name: string, shard: string) {
  return folderError(path, `weight ${JSON.stringify(name)} is not in "${shard}" as the index says`);
}
