// Which endpoints call each other in a circle: the strongly connected parts of the graph of calls (Kosaraju's way, 1978).

import type { SeenEdge } from "../observation.ts";

/** The part that each endpoint is in: those of one part reach each other. */
export function circlesOf(endpoints: number, edges: readonly SeenEdge[]): Int32Array {
  const after: number[][] = Array.from({ length: endpoints }, () => []);
  const before: number[][] = Array.from({ length: endpoints }, () => []);
  for (const { caller, callee } of edges) {
    if (caller < 0) continue;
    after[caller]!.push(callee);
    before[callee]!.push(caller);
  }
  const part = new Int32Array(endpoints).fill(-1);
  for (const first of endings(after).reverse()) {
    if (part[first]! >= 0) continue;
    const found = [first];
    part[first] = first;
    for (const at of found) {
      for (const next of before[at]!) {
        if (part[next]! >= 0) continue;
        part[next] = first;
        found.push(next);
      }
    }
  }
  return part;
}

/** Nodes in the order in which a walk into the depth leaves them. */
function endings(after: readonly (readonly number[])[]): number[] {
  const ended: number[] = [];
  const seen = new Uint8Array(after.length);
  for (let first = 0; first < after.length; first++) {
    if (seen[first] === 1) continue;
    seen[first] = 1;
    const path = [{ node: first, next: 0 }];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = after[top.node]![top.next++];
      if (next === undefined) {
        ended.push(top.node);
        path.pop();
      } else if (seen[next] === 0) {
        seen[next] = 1;
        path.push({ node: next, next: 0 });
      }
    }
  }
  return ended;
}
