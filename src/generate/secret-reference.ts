import type { AlertingConfig } from "../config/alerting-schema.ts";
import { isSecretReference, type SecretReference } from "../config/secret-reference.ts";

/** What the user has to supply beside the generated files. */
export interface Needed {
  readonly place: string;
  readonly what: string;
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
  const ofContacts = Object.entries(contacts).flatMap(([name, contact]) =>
    secretsOf(contact).map((reference) => needed(`contact ${name}`, reference)),
  );
  return smtp.password === undefined ? ofContacts : [...ofContacts, needed("smtp", smtp.password)];
}

function needed(place: string, reference: SecretReference): Needed {
  const file = fileForAlertmanager(reference);
  const what = reference.kind === "file" ? file : `$${reference.name} (Grafana) or ${file} (Alertmanager)`;
  return { place, what };
}

/** The settings of a contact that are secrets, whatever its kind. */
export function secretsOf(contact: AlertingConfig["contacts"][string]): SecretReference[] {
  return Object.values(contact).flatMap((settings) =>
    typeof settings === "object" ? Object.values(settings).filter(isSecretReference) : [],
  );
}
