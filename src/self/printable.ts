/**
 * Names come from whoever can enqueue a job; longer ones are cut here. With the longest attribute before them (`error.type:`)
 * they are still no longer than a tag of Datadog, which would be cut there: two series would become one.
 */
export const maxNameLength = 188;

// Control characters, and the marks that turn the direction of text or are invisible: they could forge lines and links.
// oxlint-disable-next-line no-control-regex
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff]|\p{Cs}/gu;

/** Cuts a text at `max` characters and replaces what could change how its surroundings are shown by U+FFFD. */
export function printable(text: string, max = 1_000): string {
  const cut = text.length > max ? `${text.slice(0, max - 1)}…` : text;
  return cut.replace(unprintable, "\ufffd");
}

/** A queue, class, error or host name as we export it. An empty one stays visible. */
export function exportedName(name: string): string {
  return name === "" ? "(empty)" : printable(name, maxNameLength);
}
