import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Message } from "./channels.ts";

/** That a message says when it began, between `since` and now, and that its links lead to what was generated. */
export async function saysWhenAndWhere({ channel, text }: Message, generated: string, since: number): Promise<void> {
  const began = beganAt(text);
  assert.ok(began >= since - 1_000 && began <= Date.now(), `${channel}: ${new Date(began).toISOString()}\n${text}`);
  const [link, uid, panel] = /https:\/\/grafana\.example\.com\/d\/([\w-]+)\?viewPanel=(\d+)\S*/.exec(text) ?? [];
  assert.ok(link, `${channel}: no link to a dashboard\n${text}`);
  assert.ok((await panels(generated)).has(`${uid} ${panel}`), `${channel}: no such panel: ${link}`);
  const [, page] = /https:\/\/docs\.example\.com\/runbooks\/([\w-]+\.md)/.exec(text) ?? [];
  const pages = await readdir(join(generated, "runbooks"));
  assert.ok(page !== undefined && pages.includes(page), `${channel}: no such runbook: ${page}`);
}

/** Milliseconds since 1970; Slack shows the day itself and is told the time only. */
function beganAt(text: string): number {
  const [, day = new Date().toISOString().slice(0, 10), clock] =
    /(?:Since|startsAt:) (?:(\d{4}-\d\d-\d\d)[ T])?(\d\d:\d\d:\d\d)(?:\.\d+)?(?: UTC|Z)/.exec(text) ?? [];
  const began = Date.parse(`${day}T${clock}Z`);
  // A time of day later than now is of yesterday.
  return began > Date.now() ? began - 86_400_000 : began;
}

/** `uid id` of each panel of the generated dashboards. */
async function panels(generated: string): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const dir = join(generated, "grafana");
  for (const file of (await readdir(dir)).filter((name) => /^[a-z]+\.json$/.test(name))) {
    const { uid, panels: all } = JSON.parse(await readFile(join(dir, file), "utf8")) as {
      uid: string;
      panels: readonly { id: number }[];
    };
    for (const { id } of all) found.add(`${uid} ${id}`);
  }
  return found;
}
