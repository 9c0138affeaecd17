// The hypothesis in a scenario file: what it becomes, and what is wrong with one that cannot be judged.

import assert from "node:assert/strict";
import { load, problems, scenario, scenarioTest } from "./support.ts";

const FAULT = "[{ name: slow cart, kind: latency, target: cart, at: 30s, for: 5s, add: 1s }]";
const given = (hypothesis: string, faults = FAULT): string => scenario({ faults, hypothesis });

scenarioTest("a hypothesis has a title, probes over their windows, and the time to recover", () => {
  const { hypothesis } = load(
    given(
      "{ title: it stands, steady: { http_req_failed: ['rate<0.1', { threshold: 'rate<0.5', window: 4s }] }, before: 5s, recoverWithin: 1m }",
      FAULT,
    ).replace("duration: 10s", "duration: 1m"),
  ).scenario;
  assert.equal(hypothesis?.title, "it stands");
  assert.deepEqual(hypothesis?.probes.map(({ source, window }) => [source, window]), [["rate<0.1", 10e9], [
    "rate<0.5",
    4e9,
  ]]);
  assert.deepEqual([hypothesis?.before, hypothesis?.recoverWithin], [5e9, 60e9]);
});

scenarioTest("a hypothesis that says nothing, or too much, is diagnosed", () => {
  assert.match(problems(given("{ title: it stands }")).join(), /"steady" is missing/);
  assert.match(problems(given("{ title: it stands, steady: {} }")).join(), /the steady state says nothing/);
  assert.match(problems(given("{ title: ' ', steady: { http_reqs: 'count>1' } }")).join(), /title/);
  const gated = "{ title: it stands, steady: { http_reqs: { threshold: 'count>1', during: slow cart } } }";
  assert.match(problems(given(gated)).join(), /a steady state has no after, before or during/);
  const aborting = "{ title: it stands, steady: { http_reqs: { threshold: 'count>1', abortOnFail: true } } }";
  assert.match(problems(given(aborting)).join(), /a steady state ends no run/);
});

scenarioTest("the steady state names what the scenario has", () => {
  const said = problems(given("{ title: it stands, steady: { 'service_errors{service:crt}': 'rate<0.1' } }")).join();
  assert.match(said, /there is no service "crt"/);
  assert.match(said, /did you mean "cart"/);
});

scenarioTest("a first fault that comes before the steady state can be seen is diagnosed", () => {
  const early = FAULT.replace("30s", "8s");
  const said = problems(given("{ title: it stands, steady: { http_req_failed: 'rate<0.1' } }", early)).join();
  assert.match(said, /takes 10s to be seen.*"slow cart" begins at 8s/);
  const before = problems(given("{ title: it stands, steady: { http_req_failed: 'rate<0.1' }, before: 25s }")).join();
  assert.match(before, /takes 35s to be seen/);
  const chaos = "{ draw: [{ kind: errors }], every: 1m, for: 5s }";
  const drawn = scenario({ chaos, hypothesis: "{ title: it stands, steady: { http_req_failed: 'rate<0.1' } }" });
  assert.match(problems(drawn).join(), /chaos may begin at 0s/);
});

scenarioTest("a steady state that has to hold for longer than the load lasts is diagnosed, without faults too", () => {
  const long = (before: string, faults: string): string =>
    problems(given(`{ title: it stands, steady: { http_req_failed: 'rate<0.1' }, before: ${before} }`, faults)).join();
  assert.match(long("2m", "[]"), /takes 2m10s to be seen.*the load ends at 10s/);
  assert.equal(long("0s", "[]"), "");
});
