import type { AlertingConfig } from "../config/alerting-schema.ts";
import { QueuewatchError } from "../errors.ts";

/** A secret as the config gives it: where it is to be found. Its text never appears in any output. */
export type SecretReference =
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "file"; readonly path: string };

/** What the user has to supply beside the generated files. */
export interface Needed {
  readonly place: string;
  readonly what: string;
}

/** Reads a reference. A text that is none is refused: it would stand in the generated files for all to read. */
export function secretReference(text: string, setting: string): SecretReference {
  const [, name] = /^\$\{([A-Za-z_]\w*)(?::-[^}]*)?\}$/.exec(text) ?? [];
  if (name !== undefined) return { kind: "variable", name };
  if (text.startsWith("file:/")) return { kind: "file", path: text.slice("file:".length) };
  throw new QueuewatchError("CONFIG_INVALID", `${setting}: give the secret by reference`, {
    action: 'Write "${NAME}" or "file:/path": generated files are read by many.',
  });
}

/** As Grafana's provisioning files have it. */
export function forGrafana(reference: SecretReference): string {
  return reference.kind === "variable" ? `\${${reference.name}}` : `$__file{${reference.path}}`;
}

/** Where Alertmanager finds it: it knows files only, so that a variable becomes a file of that name. */
export function fileForAlertmanager(reference: SecretReference): string {
  return reference.kind === "file" ? reference.path : `/etc/alertmanager/secrets/${reference.name}`;
}

/** Everything that the user has to supply beside the generated files. */
export function neededSecrets({ contacts, smtp }: AlertingConfig): Needed[] {
  const texts = [
    ...Object.entries(contacts).flatMap(([name, contact]) =>
      secretsOf(contact).map((text) => [`contact ${name}`, text] as const),
    ),
    ...(smtp.password === undefined ? [] : [["smtp", smtp.password] as const]),
  ];
  return texts.map(([place, text]) => {
    const reference = secretReference(text, place);
    const file = fileForAlertmanager(reference);
    const what = reference.kind === "file" ? file : `$${reference.name} (Grafana) or ${file} (Alertmanager)`;
    return { place, what };
  });
}

/** The settings of contacts that are secrets, whatever their kind. */
const secretSettings = new Set(["url", "integration_key", "bearer_token", "api_key", "bot_token", "user_key", "token"]);

function secretsOf(contact: AlertingConfig["contacts"][string]): string[] {
  return Object.values(contact).flatMap((settings) =>
    typeof settings === "object" && !Array.isArray(settings)
      ? Object.entries(settings).flatMap(([name, text]) =>
          secretSettings.has(name) && text !== undefined ? [text] : [],
        )
      : [],
  );
}
