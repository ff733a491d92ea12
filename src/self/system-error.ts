/** What the operating system says, without the call and path that it says it about: `ENOENT: no such file or directory`. */
export function systemReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(
    /[,:]? (?:open|read|write|stat|access|mkdir|scandir|unlink|rename|listen|connect)\b[^:]*$/s,
    "",
  );
}
