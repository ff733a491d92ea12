/** What the operating system says, without the call and path that it says it about: `ENOENT: no such file or directory`. */
export function systemReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(
    /[,:]? (?:open|read|write|stat|access|mkdir|scandir|unlink|rename|listen|connect)\b[^:]*$/s,
    "",
  );
}

const tlsCodes =
  /^(?:ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/;

/** Whether a connection failed over certificates, keys or the TLS protocol: by the codes of Node 24 and OpenSSL 3. */
export function isTlsFailure(error: unknown): boolean {
  return error instanceof Error && "code" in error && tlsCodes.test(String(error.code));
}
