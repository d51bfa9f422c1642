// Reads answers about tasks. Payload, progress, result and the fields of log lines are whatever JSON a client or handler made: big integers,
// key order and `-0` would not survive JSON.parse, so these members stay the text they came as.

/** JSON text, exactly as the server sent it. */
export class RawJson {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const RAW_MEMBERS = new Set(['payload', 'progress', 'result', 'fields']);

/** As JSON.parse, but members with these names hold `RawJson`, or null. @throws SyntaxError */
export function parseKeepingRaw(text: string): unknown {
  const reader = new Reader(text);
  const value = reader.value();
  reader.end();
  return value;
}

/** The text of each element of the list that is member `name` of the object in `text`. */
export function elementTexts(text: string, name: string): string[] {
  return new Reader(text).elementsOf(name);
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): unknown {
    this.#space();
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object();
      case '[':
        return this.#list();
      default: {
        const start = this.#at;
        this.skip();
        return JSON.parse(this.#text.slice(start, this.#at));
      }
    }
  }

  end(): void {
    this.#space();
    if (this.#at < this.#text.length) throw new SyntaxError('More text after the JSON value');
  }

  elementsOf(name: string): string[] {
    const found: string[] = [];
    this.#members((member) => {
      if (member !== name) return this.skip();
      this.#elements(() => {
        this.#space();
        const start = this.#at;
        this.skip();
        found.push(this.#text.slice(start, this.#at));
      });
    });
    return found;
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.#members((name) => {
      // Assigning `__proto__` would not make a member.
      const value = RAW_MEMBERS.has(name) ? this.#raw() : this.value();
      Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
    });
    return object;
  }

  #list(): unknown[] {
    const list: unknown[] = [];
    this.#elements(() => list.push(this.value()));
    return list;
  }

  #raw(): RawJson | null {
    this.#space();
    const start = this.#at;
    this.skip();
    const text = this.#text.slice(start, this.#at);
    return text === 'null' ? null : new RawJson(text);
  }

  #members(read: (name: string) => void): void {
    this.#open('{');
    while (this.#next('}')) {
      const start = this.#at;
      this.#string();
      const name = JSON.parse(this.#text.slice(start, this.#at)) as string;
      this.#space();
      this.#open(':');
      read(name);
    }
  }

  #elements(read: () => void): void {
    this.#open('[');
    while (this.#next(']')) read();
  }

  #open(sign: string): void {
    this.#space();
    if (this.#text[this.#at] !== sign) throw new SyntaxError(`Expected ${sign} at ${this.#at}`);
    this.#at++;
  }

  /** Moves to the next member or element; false behind the closing sign. */
  #next(close: string): boolean {
    this.#space();
    if (this.#text[this.#at] === ',') this.#at++;
    this.#space();
    if (this.#at >= this.#text.length) throw new SyntaxError('The JSON text ends too early');
    if (this.#text[this.#at] !== close) return true;
    this.#at++;
    return false;
  }

  /** Moves behind one value. Counts brackets instead of calling itself: depth must not matter. */
  skip(): void {
    this.#space();
    let open = 0;
    do {
      const sign = this.#text[this.#at];
      if (sign === undefined) throw new SyntaxError('The JSON text ends too early');
      if (sign === '"') this.#string();
      else if (sign === '{' || sign === '[') {
        open++;
        this.#at++;
      } else if (sign === '}' || sign === ']') {
        open--;
        this.#at++;
      } else if (open > 0) this.#at++;
      else while (this.#at < this.#text.length && !endsWord(this.#text.charCodeAt(this.#at))) this.#at++;
    } while (open > 0);
  }

  #string(): void {
    for (let end = this.#text.indexOf('"', this.#at + 1); end !== -1; end = this.#text.indexOf('"', end + 1)) {
      let before = end - 1;
      while (this.#text[before] === '\\') before--;
      if ((end - before) % 2 === 0) continue;
      this.#at = end + 1;
      return;
    }
    throw new SyntaxError('A string does not end');
  }

  #space(): void {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at++;
  }
}

/** Blank, line feed, carriage return, tab: the white space of JSON. */
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** White space, comma, colon, or a closing bracket. */
function endsWord(code: number): boolean {
  return isSpace(code) || code === 0x2c || code === 0x3a || code === 0x5d || code === 0x7d;
}
