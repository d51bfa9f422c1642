// A list in the order of arrival from which any member can leave in constant time. (A `Set` keeps order too, but finding
// its first member costs as many steps as members have left before it.)

export interface Link<T> {
  readonly value: T;
  readonly previous: Link<T> | null;
  readonly next: Link<T> | null;
}

type Mutable<T> = { value: T; previous: Mutable<T> | null; next: Mutable<T> | null };

export class LinkedList<T> {
  #first: Mutable<T> | null = null;
  #last: Mutable<T> | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): Link<T> | null {
    return this.#first;
  }

  get last(): Link<T> | null {
    return this.#last;
  }

  append(value: T): Link<T> {
    const link: Mutable<T> = { value, previous: this.#last, next: null };
    if (this.#last) this.#last.next = link;
    else this.#first = link;
    this.#last = link;
    this.#size++;
    return link;
  }

  prepend(value: T): Link<T> {
    const link: Mutable<T> = { value, previous: null, next: this.#first };
    if (this.#first) this.#first.previous = link;
    else this.#last = link;
    this.#first = link;
    this.#size++;
    return link;
  }

  /** Must be a member of this list, once. */
  remove(member: Link<T>): void {
    const link = member as Mutable<T>;
    if (link.previous) link.previous.next = link.next;
    else this.#first = link.next;
    if (link.next) link.next.previous = link.previous;
    else this.#last = link.previous;
    this.#size--;
  }
}
