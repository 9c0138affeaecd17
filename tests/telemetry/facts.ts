// One row of facts for each kind of line that a service, a database, a cache or a broker writes, against shop().

import { FactBatch, FactFlag, FactKind, Outcome } from "../../sim/plan/facts.ts";
import type { CallSite, Plan } from "../../sim/plan/plan.ts";
import { addRow, type RowParts, siteOf, withFailures } from "./plan.ts";

const MS = 1e6;

/** The ways to fail that `everyKind` refers to. */
export function failing(plan: Plan): Plan {
  return withFailures(plan, [
    {},
    { status: 404 },
    { status: 503, exception: "com.acme.BadDeploy", message: 'flag "new-pricing" is not known\nsecond line' },
    { status: 409 },
  ]);
}

/** @param plan of `failing(shop())` */
export function everyKind(plan: Plan): FactBatch {
  const batch = new FactBatch();
  let time = 0;
  const request = (site: CallSite, parts: Partial<RowParts> = {}): void => {
    time += MS + 137;
    addRow(batch, FactKind.request, {
      time,
      start: time - 35.2137 * MS,
      service: plan.endpoints[site.callee]!.service,
      endpoint: site.callee,
      site: site.index,
      status: 200,
      attempt: 1,
      vu: 3,
      parent: site.caller < 0 ? [0, 0] : [3, 4],
      ...parts,
    });
  };
  const call = (site: CallSite, parts: Partial<RowParts>): void => {
    time += MS;
    const took = parts.outcome === Outcome.timeout ? site.timeout : 12.3 * MS;
    addRow(batch, FactKind.call, {
      time,
      start: time - took,
      endpoint: site.callee,
      site: site.index,
      attempt: 1,
      parent: [1, 2],
      span: [5, 6],
      ...parts,
    });
  };

  const web = siteOf(plan, "web.POST /checkout", "journey");
  const payment = siteOf(plan, "payment.Charge"), cart = siteOf(plan, "cart.GET /cart/{cartId}");
  const orders = siteOf(plan, "orders-db.INSERT orders"), sessions = siteOf(plan, "sessions.GET session");
  const events = siteOf(plan, "events.publish orders"), stripe = siteOf(plan, "stripe.POST /v1/charges");
  const { error, timeout, refused, dependency, interrupted, aborted, tooDeep } = Outcome;

  request(web);
  request(web, { flags: FactFlag.abandoned });
  request(web, { outcome: error, cause: 0, status: 500 });
  request(web, { outcome: error, cause: 1, status: 404 });
  request(web, { outcome: error, cause: 2, status: 503 });
  request(web, { outcome: refused, status: 503 });
  request(web, { outcome: interrupted, status: 0 });
  call(payment, { outcome: timeout, flags: FactFlag.willRetry, wait: 43.25 * MS });
  call(payment, { outcome: timeout, attempt: 3 });
  request(web, { outcome: dependency, cause: payment.index, causeOutcome: timeout, status: 504 });
  call(cart, { outcome: error, cause: 1, status: 404 });
  request(web, { outcome: dependency, cause: cart.index, causeOutcome: error, status: 502 });
  call(cart, { outcome: timeout, start: time - 100 * MS, attempt: 2 });
  request(web, { outcome: dependency, cause: cart.index, causeOutcome: timeout, status: 504 });
  call(payment, { outcome: Outcome.ok, status: 200, attempt: 2 });
  call(payment, { outcome: refused, status: 503, flags: FactFlag.willRetry, wait: MS });
  call(orders, { outcome: refused, status: 503 });
  request(web, { outcome: dependency, cause: orders.index, causeOutcome: refused, status: 503 });
  call(orders, { outcome: error, status: 409, cause: 3, flags: FactFlag.tolerated });
  call(orders, { outcome: timeout, flags: FactFlag.tolerated });
  call(sessions, { outcome: error, status: 500, flags: FactFlag.tolerated });
  call(stripe, { outcome: aborted, status: 0, flags: FactFlag.fallback });
  call(events, { outcome: Outcome.ok, status: 200 });
  call(payment, { outcome: tooDeep, status: 508 });
  request(web, { outcome: dependency, cause: payment.index, causeOutcome: tooDeep, status: 502 });
  time += MS;
  addRow(batch, FactKind.log, { time, endpoint: web.callee, site: 0 });

  request(payment);
  request(payment, { outcome: error, status: 429 });
  request(payment, { outcome: error, cause: 0, status: 500 });
  request(payment, { outcome: refused, status: 503 });
  request(payment, { flags: FactFlag.abandoned });
  request(cart);
  request(orders);
  request(orders, { outcome: error, cause: 3, status: 409 });
  request(orders, { outcome: refused, status: 503 });
  request(orders, { flags: FactFlag.abandoned });
  request(orders, { outcome: interrupted, status: 0 });
  request(siteOf(plan, "orders-db.INSERT orders", "journey"));
  request(sessions);
  request(sessions, { outcome: error, status: 507 });
  request(events);
  request(events, { outcome: error, status: 503 });
  request(stripe);
  return batch;
}
