// A reporter for node:test that names every test that did not run, and why. In CI such a run has failed.
export default async function* notRun(events) {
  const skipped = [];
  for await (const { type, data } of events)
    if ((type === "test:pass" || type === "test:fail") && data.skip !== undefined)
      skipped.push(`not run: ${data.name} (${data.skip === true ? "no reason given" : data.skip})\n`);
  yield skipped.join("");
  if (skipped.length > 0 && process.env.CI) {
    yield `${skipped.length} did not run: in CI that is a failure\n`;
    process.exitCode = 1;
  }
}
