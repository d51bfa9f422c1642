// Says in words what a schema asks for: "must be a whole number from 0 to 1000".
import type { TSchema } from 'typebox';

interface Keywords {
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly enum?: readonly unknown[];
  readonly 'x-must'?: string;
}

export function mustBe(schema: TSchema | object): string {
  return `must be ${thing(schema)}`;
}

function thing(schema: Keywords): string {
  if (schema['x-must'] !== undefined) return schema['x-must'];
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  switch (schema.type) {
    case 'integer':
      return `a whole number${range(schema.minimum, schema.maximum)}`;
    case 'number':
      return `a number${range(schema.minimum, schema.maximum)}`;
    case 'array':
      return `a list${length(schema)}`;
    case 'object':
      return 'an object';
    case 'boolean':
      return 'true or false';
    case 'string':
      return 'a string';
    default:
      return 'a JSON value';
  }
}

function range(min: number | undefined, max: number | undefined): string {
  if (min === undefined) return max === undefined ? '' : ` of at most ${max}`;
  return max === undefined ? ` of at least ${min}` : ` from ${min} to ${max}`;
}

function length({ minItems = 0, maxItems }: Keywords): string {
  if (maxItems === undefined) return minItems > 0 ? ` of at least ${minItems} items` : '';
  return minItems > 0 ? ` of ${minItems} to ${maxItems} items` : ` of at most ${maxItems} items`;
}
