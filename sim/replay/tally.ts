// The account of what was read from recordings: how much of it became spans and log lines, and what did not, and why.

/** How many things had the same fate, and where the first of them was. */
export interface Noted {
  readonly reason: string;
  count: number;
  readonly first: string;
}

/** More different reasons than these are counted together: their texts come from the recording. */
const REASONS_MAX = 100;

export class Tally {
  spans = 0;
  lines = 0;
  bytes = 0;
  readonly #skipped = new Map<string, Noted>();
  readonly #odd = new Map<string, Noted>();

  /** Counts what is left out. `where` is a file and a place in it. */
  skip(reason: string, where: string, count = 1): void {
    note(this.#skipped, reason, where, count);
  }

  /** Counts what is strange, and kept all the same. */
  keepOdd(reason: string, where: string): void {
    note(this.#odd, reason, where, 1);
  }

  /** What was left out, most frequent first. */
  get skipped(): readonly Noted[] {
    return sorted(this.#skipped);
  }

  get odd(): readonly Noted[] {
    return sorted(this.#odd);
  }
}

function note(into: Map<string, Noted>, reason: string, where: string, count: number): void {
  const key = into.has(reason) || into.size < REASONS_MAX ? reason : "other reasons";
  const known = into.get(key);
  if (known === undefined) into.set(key, { reason: key, count, first: where });
  else known.count += count;
}

function sorted(noted: ReadonlyMap<string, Noted>): Noted[] {
  return [...noted.values()].sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
}
