const text = JSON.stringify(Array.from({ length: 200 }, (_, id) => ({ id, name: "x".repeat(20), parts: [1, 2, 3] })));
const rounds = 3_000;
/** CPU time of the work below on 2 cores of an AMD EPYC, the machine of the bounds, while its neighbours were quiet. */
const quietMs = 226;

/** How many times the CPU time that fixed work takes on the machine of the bounds while that is quiet. */
export function machineSlowness(): number {
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round++) JSON.parse(text);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / quietMs;
}
