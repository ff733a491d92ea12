import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { run as runMain } from "../support/command-line.ts";
import type { Io } from "../../src/cli/command.ts";
import { generate } from "../../src/generate/generate.ts";

suite("queuewatch generate", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "generate-"));
    const contacts = 'contacts: { oncall: { pagerduty: { integration_key: "${PAGERDUTY_KEY}" } } }';
    writeFileSync(join(folder, "q.yaml"), `alerting: { ${contacts}, routes: { critical: [oncall] } }`);
  });
  after(() => rmSync(folder, { recursive: true }));

  async function run(what: string): Promise<{ out: string; err: string; root: string }> {
    let out = "";
    let err = "";
    const io: Io = {
      out: (text) => (out += text),
      err: (text) => (err += text),
      env: {},
      color: false,
      version: "0.0.0",
      signal: new AbortController().signal,
    };
    const root = join(folder, what);
    const options = { what, config: join(folder, "q.yaml"), out: root, format: undefined, policyTree: false };
    assert.equal(await generate(options, io), 0);
    return { out, err, root };
  }

  test("all: each output in a folder of its name, and what is to be supplied, while it is unset", async () => {
    const { err, root } = await run("all");
    for (const path of [
      "prometheus/queuewatch.rules.yaml",
      "alertmanager/alertmanager.yaml",
      "grafana/overview.json",
      "grafana/provisioning/alerting/queuewatch-rules.json",
      "datadog/no-workers-critical.json",
      "newrelic/redis-unreachable-critical.json",
      "runbooks/contacts/oncall.md",
    ])
      assert.ok(existsSync(join(root, path)), path);
    assert.match(
      err,
      /^contact oncall needs \$PAGERDUTY_KEY \(Grafana\) or \/etc\/alertmanager\/secrets\/PAGERDUTY_KEY/,
    );
  });

  for (const vendor of ["datadog", "newrelic"])
    test(`${vendor}: its files stand in the folder that was named, and no secret is asked for`, async () => {
      const { err, out, root } = await run(vendor);
      assert.ok(existsSync(join(root, "redis-unreachable-critical.json")));
      assert.ok(existsSync(join(root, "README.md")));
      assert.match(out, /^\d+ files in /);
      assert.doesNotMatch(err, /PAGERDUTY_KEY|secrets/);
    });

  test("says which routes lead nowhere, and to which nothing leads", async () => {
    const config = join(folder, "nowhere.yaml");
    const contacts = "contacts: { oncall: { email: [a@example.com] } }";
    writeFileSync(
      config,
      `targets: [{ name: a, queues: { mail: { team: payments } } }]
alerting: { ${contacts}, routes: { critical: [oncall], teams: { payment: { critical: [oncall] }, payments: {} } } }`,
    );
    const said = await runMain(["generate", "alertmanager", "--config", config, "--out", join(folder, "nowhere")]);
    assert.deepEqual(said.err.trimEnd().split("\n"), [
      "alerting.routes.teams: no queue belongs to `payment` (did you mean `payments`?)",
      "alerting.routes.watchdog is not given: nobody notices when alarms cannot be sent",
    ]);
  });

  test("what cannot be written, or is no lock file, is told with what to do", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const unwritable = await runMain(["generate", "prometheus", "--out", join(file, "below")]);
    assert.equal(unwritable.code, 1);
    assert.match(
      unwritable.err,
      /^queuewatch: OUTPUT_UNWRITABLE: .*queuewatch\.rules\.yaml: (?:ENOTDIR|EEXIST): .*\n {2}→ /m,
    );
    const { root } = await run("grafana");
    writeFileSync(join(root, "queuewatch-rules.lock.json"), "{");
    const broken = await runMain(["generate", "grafana", "--out", root]);
    assert.match(
      broken.err,
      /^queuewatch: STATE_UNREADABLE: grafana\/queuewatch-rules\.lock\.json is no JSON\n {2}→ Restore it/m,
    );
    rmSync(root, { recursive: true });
  });

  test("grafana: a rule of the lock file that is no more is listed for deletion", async () => {
    const { root } = await run("grafana");
    const lock = join(root, "queuewatch-rules.lock.json");
    const remembered = JSON.parse(readFileSync(lock, "utf8")) as { rules: string[] };
    writeFileSync(lock, JSON.stringify({ rules: [...remembered.rules, "qw-of-last-year-warning"] }));
    await run("grafana");
    await run("grafana");
    const rules = readFileSync(join(root, "provisioning/alerting/queuewatch-rules.json"), "utf8");
    assert.deepEqual(JSON.parse(rules).deleteRules, [{ orgId: 1, uid: "qw-of-last-year-warning" }]);
  });
});
