import type { Config } from "./schema.ts";
import { secretSource } from "./secret-file.ts";

/** The key of the hashes that mask names; empty where nothing is hashed. Rejects with SECRET_UNREADABLE. */
export async function maskKey({ cardinality }: Pick<Config, "cardinality">): Promise<string> {
  const secret = await secretSource(cardinality.mask_key, cardinality.mask_key_file)?.current();
  return secret?.reveal() ?? "";
}
