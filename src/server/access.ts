import { createHash, timingSafeEqual } from "node:crypto";
import type { ServerConfig } from "../config/schema.ts";
import { secretSource } from "../config/secret-file.ts";

/** Decides by the Authorization header. */
export interface Access {
  /** What to ask for in WWW-Authenticate. */
  readonly challenge: string;
  /** Rejects with SECRET_UNREADABLE where the secret cannot be read: then nobody may enter. */
  allows(authorization: string | undefined): Promise<boolean>;
}

/** Undefined where everybody may read the metrics. Secrets in files are read again when they change. */
export function accessOf(config: ServerConfig): Access | undefined {
  const token = secretSource(config.bearer_token, config.bearer_token_file);
  if (token)
    return {
      challenge: 'Bearer realm="queuewatch"',
      allows: async (authorization) => {
        const given = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
        return given !== undefined && same(given, (await token.current()).reveal());
      },
    };
  const { username, password: plain, password_file } = config.basic_auth ?? {};
  const password = secretSource(plain, password_file);
  if (username === undefined || !password) return undefined;
  return {
    challenge: 'Basic realm="queuewatch", charset="UTF-8"',
    allows: async (authorization) => {
      const given = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization ?? "")?.[1];
      const expected = `${username}:${(await password.current()).reveal()}`;
      return given !== undefined && same(Buffer.from(given, "base64").toString(), expected);
    },
  };
}

/** Takes as long for a good guess as for a bad one. */
function same(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => createHash("sha256").update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
