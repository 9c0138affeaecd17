// Grafana's provisioning: that what it names by uid is there, and that nothing is there twice.

import assert from "node:assert/strict";
import { UIDS } from "../../sim/stack/explore_links.ts";
import { needs } from "../permissions.ts";
import { fromRoot } from "../root.ts";
import { alertRules, dashboards, dataSources } from "./panel_queries.ts";

const ignore = needs("read");
/** Grafana's own data sources: annotations and mixed panels, and the expressions of alerts. */
const BUILT_IN = ["-- Grafana --", "-- Mixed --", "__expr__"];

Deno.test({
  name: "panels, variables, annotations, alerts and links name data sources that are provisioned",
  ignore,
  fn() {
    const known = new Set([...dataSources().map(({ uid }) => uid), ...BUILT_IN]);
    const named: [where: string, uid: string][] = [];
    for (const { uid, panels, annotations, templating } of dashboards()) {
      for (const { title, type, datasource, targets = [] } of panels) {
        if (datasource !== undefined) named.push([`${uid}, ${title || type}`, datasource.uid]);
        for (const target of targets) named.push([`${uid}, ${title} ${target.refId}`, target.datasource.uid]);
      }
      for (const { datasource } of annotations.list) named.push([`${uid}, annotations`, datasource.uid]);
      for (const { name, datasource } of templating.list) {
        if (datasource !== undefined) named.push([`${uid}, variable ${name}`, datasource.uid]);
      }
    }
    for (const { uid, data } of alertRules()) {
      for (const { datasourceUid } of data) named.push([`alert ${uid}`, datasourceUid]);
    }
    for (const { uid, jsonData } of dataSources()) {
      const { tracesToLogsV2, tracesToMetrics, serviceMap, derivedFields, exemplarTraceIdDestinations } = jsonData;
      const links = [tracesToLogsV2, tracesToMetrics, serviceMap, ...derivedFields ?? []];
      for (const link of [...links, ...exemplarTraceIdDestinations ?? []]) {
        if (link !== undefined) named.push([`${uid}, link`, link.datasourceUid]);
      }
    }
    assert.deepEqual(named.filter(([, uid]) => !known.has(uid)), []);
  },
});

Deno.test({
  name: "links lead to dashboards that are there",
  ignore,
  fn() {
    const known = new Set(dashboards().map(({ uid }) => uid));
    const wrong: string[] = [];
    for (const name of ["overview", "service", "request", "incident", "pipeline"]) {
      const text = Deno.readTextFileSync(fromRoot(`compose/grafana/dashboards/${name}.json`));
      for (const [, uid] of text.matchAll(/"\/d\/([\w-]+)/g)) if (!known.has(uid!)) wrong.push(`${name}: ${uid}`);
    }
    for (const { uid, annotations } of alertRules()) {
      const dashboard = annotations["__dashboardUid__"];
      if (dashboard === undefined || !known.has(dashboard)) wrong.push(`alert ${uid}: ${dashboard}`);
    }
    for (const uid of [UIDS.overview, UIDS.incident]) if (!known.has(uid)) wrong.push(`the run's links: ${uid}`);
    const sources = new Set(dataSources().map(({ uid }) => uid));
    for (const uid of [UIDS.loki, UIDS.tempo, UIDS.prometheus]) if (!sources.has(uid)) wrong.push(`links: ${uid}`);
    assert.deepEqual(wrong, []);
  },
});

Deno.test({
  name: "uids of dashboards, alerts and data sources, and ids of a dashboard's panels, are there once",
  ignore,
  fn() {
    const unique = (ids: readonly (string | number)[]): void => assert.equal(new Set(ids).size, ids.length, ids.join());
    unique(dashboards().map(({ uid }) => uid));
    unique(dashboards().map(({ title }) => title));
    unique(alertRules().map(({ uid }) => uid));
    unique(alertRules().map(({ title }) => title));
    unique(dataSources().map(({ uid }) => uid));
    for (const { panels } of dashboards()) unique(panels.map(({ id }) => id));
  },
});

Deno.test({
  name: "the run's faults are an annotation that is off until somebody looks, on every dashboard but the pipeline's",
  ignore,
  fn() {
    for (const { uid, annotations } of dashboards()) {
      const list = annotations.list as unknown as { enable: boolean; target?: { tags?: string[] } }[];
      const faults = list.find(({ target }) => target?.tags?.includes("squall-fault"));
      assert.ok(faults !== undefined && !faults.enable, uid);
    }
  },
});
