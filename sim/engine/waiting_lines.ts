// The queues of all stations as linked lists over the slots of frames: a request may leave from either end, or from
// anywhere between, in constant time. A frame waits in one queue at most.

const NONE = -1;

/** The links of every slot; shared by all queues of one engine. */
export class WaitingLinks {
  before = new Int32Array(1024);
  after = new Int32Array(1024);

  ensure(slot: number): void {
    if (slot < this.before.length) return;
    const length = 2 ** Math.ceil(Math.log2(slot + 1));
    const before = new Int32Array(length), after = new Int32Array(length);
    before.set(this.before);
    after.set(this.after);
    this.before = before;
    this.after = after;
  }
}

/** One queue, in the order of arrival. */
export class WaitingLine {
  length = 0;
  readonly #links: WaitingLinks;
  #first = NONE;
  #last = NONE;

  constructor(links: WaitingLinks) {
    this.#links = links;
  }

  add(slot: number): void {
    const links = this.#links;
    links.ensure(slot);
    links.before[slot] = this.#last;
    links.after[slot] = NONE;
    if (this.#last === NONE) this.#first = slot;
    else links.after[this.#last] = slot;
    this.#last = slot;
    this.length++;
  }

  /** The slot that waits longest. The line must not be empty. */
  get first(): number {
    return this.#first;
  }

  /** The slot that came last. The line must not be empty. */
  get last(): number {
    return this.#last;
  }

  /** Takes a slot out, which must be in this line. */
  remove(slot: number): void {
    const { before, after } = this.#links;
    const left = before[slot]!, right = after[slot]!;
    if (left === NONE) this.#first = right;
    else after[left] = right;
    if (right === NONE) this.#last = left;
    else before[right] = left;
    this.length--;
  }

  /** The slots, longest waiting first. The one that is given may be removed meanwhile. */
  *[Symbol.iterator](): Iterator<number> {
    for (let slot = this.#first; slot !== NONE;) {
      const next = this.#links.after[slot]!;
      yield slot;
      slot = next;
    }
  }
}
