import * as z from "zod";

/** A secret of `alerting`: where it is to be found. Its text never appears in any output. */
export type SecretReference =
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "file"; readonly path: string };

const written = /^(?:\$\{([A-Za-z_]\w*)(?::-[^}]*)?\}|file:(\/.*))$/;

/** Written `"${NAME}"` or `"file:/path"`. A text that is none is refused: generated files would show it to all who read them. */
export const secretReference = z
  .string()
  .regex(written, 'give the secret by reference: "${NAME}" or "file:/path"')
  .transform((text): SecretReference => {
    const [, name = "", path] = written.exec(text) ?? [];
    return path === undefined ? { kind: "variable", name } : { kind: "file", path };
  })
  .meta({ description: 'Give it by reference: `"${NAME}"`, or `"file:/path"`.' });

/** Whether a value of the parsed config is one. */
export function isSecretReference(value: unknown): value is SecretReference {
  return typeof value === "object" && value !== null && "kind" in value;
}
