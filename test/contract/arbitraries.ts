// Makes inputs from the schemas of the description: mostly fitting, sometimes off by one, sometimes anything.
import * as fc from 'fast-check';

interface Schema {
  readonly type?: string;
  readonly $ref?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

export const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    '__proto__',
    'constructor',
    '../..',
    '%00',
    '\u0000',
    '{:}*?+#/',
    '😀',
    '\ud800',
    "' OR 1=1 --",
    'null',
  ),
);

export const anyJson = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  anyText,
  fc.constantFrom(null, true, -1, 0.1, 1e300, Number.MAX_SAFE_INTEGER, [], {}, [[[]]]),
);

/** A value that may fit the schema. @param components where its references lead */
export function arbitraryOf(schema: object, components: Readonly<Record<string, object>>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 40, arbitrary: fitting(schema, components) }, { weight: 1, arbitrary: anyJson });
}

function fitting(schema: Schema, components: Readonly<Record<string, object>>): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return arbitraryOf(components[schema.$ref.split('/').at(-1) ?? ''] ?? {}, components);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((one) => arbitraryOf(one, components)));
  switch (schema.type) {
    case 'object':
      return members(schema, components);
    case 'array':
      return fc.array(arbitraryOf(schema.items ?? {}, components), {
        maxLength: Math.min((schema.maxItems ?? 5) + 1, 20),
      });
    case 'integer':
    case 'number':
      return numbers(schema);
    case 'string':
      return texts(schema);
    default:
      return anyJson;
  }
}

function members(schema: Schema, components: Readonly<Record<string, object>>): fc.Arbitrary<unknown> {
  const known = Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, member]) => [name, arbitraryOf(member, components)]),
  );
  const requiredKeys = [...(schema.required ?? [])];
  const whole = fc.record(known, { requiredKeys });
  const odd = fc.tuple(whole, fc.dictionary(anyText, anyJson, { maxKeys: 2 })).map(([a, b]) => ({ ...a, ...b }));
  return fc.oneof({ weight: 12, arbitrary: whole }, { weight: 1, arbitrary: odd });
}

function numbers({ type, minimum = -1e9, maximum = 1e9 }: Schema): fc.Arbitrary<number> {
  const edges = [minimum, minimum - 1, maximum, maximum + 1, 0, -0, 0.5, 1e21];
  const inside =
    type === 'integer'
      ? fc.integer({ min: Math.ceil(minimum), max: Math.floor(maximum) })
      : fc.double({ min: minimum, max: maximum, noNaN: true });
  return fc.oneof({ weight: 20, arbitrary: inside }, { weight: 1, arbitrary: fc.constantFrom(...edges) });
}

function texts({ pattern, format, maxLength = 20 }: Schema): fc.Arbitrary<string> {
  if (format === 'date-time')
    return fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31T23:59:59Z') })
      .map((date) => date.toISOString());
  const edges = fc.constantFrom('x'.repeat(maxLength), 'x'.repeat(maxLength + 1), '😀'.repeat(maxLength));
  // The negated classes of plain text hold nearly everything; ordinary words are more useful.
  const inside =
    pattern?.startsWith('^[^') === false ? fc.stringMatching(new RegExp(pattern)) : fc.string({ maxLength });
  return fc.oneof(
    { weight: 30, arbitrary: inside },
    { weight: 1, arbitrary: edges },
    { weight: 1, arbitrary: anyText },
  );
}
