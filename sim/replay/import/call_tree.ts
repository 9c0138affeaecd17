// From how sites stand to each other to steps: one after the other, side by side, one or the other. At each level the sites
// fall apart into groups whose members all stand in the same way to those of the other groups (the modular decomposition of
// Gallai 1967, with three relations).

import type { CallSites } from "./call_sites.ts";

export type CallTree =
  | { readonly type: "site"; readonly site: number }
  | { readonly type: "sequence" | "parallel"; readonly parts: readonly CallTree[] }
  /** Of each part: the share of the requests that take it; they may leave some that take none. */
  | { readonly type: "choose"; readonly parts: readonly { readonly tree: CallTree; readonly share: number }[] };

type Relation = "after" | "beside" | "instead";

/** Requests in which two sites would meet by chance, below which nothing follows from that they never did. */
const CHANCES_MIN = 8;
/** Two sites are side by side when they overlap in this share of the requests with both. */
const BESIDE_MIN = 0.05;

/** @param sites those that are to be arranged */
export function arrange(learned: CallSites, sites: readonly number[]): CallTree {
  const relation = (a: number, b: number): Relation => {
    const { met, overlapped } = learned.pair(a, b);
    if (met === 0) {
      const { requests } = learned;
      const chances = learned.sites[a]!.requests * learned.sites[b]!.requests / Math.max(1, requests);
      return chances >= CHANCES_MIN ? "instead" : "after";
    }
    return overlapped >= BESIDE_MIN * met ? "beside" : "after";
  };
  return decompose(learned, [...sites], relation);
}

function decompose(learned: CallSites, sites: number[], relation: (a: number, b: number) => Relation): CallTree {
  if (sites.length === 1) return { type: "site", site: sites[0]! };
  for (const wanted of ["after", "beside", "instead"] as const) {
    const groups = groupsApart(sites, (a, b) => relation(a, b) !== wanted);
    if (groups.length === 1) continue;
    if (wanted === "after") sortByOrder(learned, groups);
    const parts = groups.map((group) => decompose(learned, group, relation));
    if (wanted === "after") return { type: "sequence", parts };
    if (wanted === "beside") return { type: "parallel", parts };
    return {
      type: "choose",
      parts: parts.map((tree, i) => ({ tree, share: shareOf(learned, groups[i]!) })),
    };
  }
  return untangle(learned, sites, relation);
}

/** The connected parts of a graph. */
function groupsApart(sites: readonly number[], joined: (a: number, b: number) => boolean): number[][] {
  const left = new Set(sites);
  const groups: number[][] = [];
  for (const first of sites) {
    if (!left.delete(first)) continue;
    const group = [first];
    for (let at = 0; at < group.length; at++) {
      for (const other of left) {
        if (!joined(group[at]!, other)) continue;
        left.delete(other);
        group.push(other);
      }
    }
    groups.push(group);
  }
  return groups;
}

/** By who began first where both are known of, else by their usual place. */
function sortByOrder(learned: CallSites, groups: number[][]): void {
  const place = (group: readonly number[]): number =>
    Math.min(...group.map((site) => learned.sites[site]!.orderSum / Math.max(1, learned.sites[site]!.requests)));
  const earlier = (a: readonly number[], b: readonly number[]): number => {
    let before = 0, after = 0;
    for (const one of a) {
      for (const other of b) {
        const pair = learned.pair(one, other);
        before += pair.before;
        after += pair.after;
      }
    }
    return before === after ? place(a) - place(b) : after - before;
  };
  // Insertion: what is said of pairs may contradict itself, which a library's sort takes ill.
  for (let i = 1; i < groups.length; i++) {
    const group = groups[i]!;
    let j = i - 1;
    while (j >= 0 && earlier(groups[j]!, group) > 0) {
      groups[j + 1] = groups[j]!;
      j--;
    }
    groups[j + 1] = group;
  }
}

/** Share of the requests that reach one of them: the most reached one tells, since they come together. */
function shareOf(learned: CallSites, group: readonly number[]): number {
  return Math.min(1, Math.max(...group.map((site) => learned.reach(site))));
}

/** Where no level falls apart: in the order of their starts, side by side with the one before where they mostly are. */
function untangle(learned: CallSites, sites: number[], relation: (a: number, b: number) => Relation): CallTree {
  const groups = sites.map((site) => [site]);
  sortByOrder(learned, groups);
  const parts: number[][] = [];
  for (const [site] of groups) {
    const last = parts.at(-1);
    const isBeside = last?.some((other) => {
      const { met, overlapped } = learned.pair(other, site!);
      return relation(other, site!) === "beside" && overlapped * 2 > met;
    });
    if (last !== undefined && isBeside === true) last.push(site!);
    else parts.push([site!]);
  }
  const trees = parts.map((part): CallTree =>
    part.length === 1
      ? { type: "site", site: part[0]! }
      : { type: "parallel", parts: part.map((site): CallTree => ({ type: "site", site })) }
  );
  return trees.length === 1 ? trees[0]! : { type: "sequence", parts: trees };
}
