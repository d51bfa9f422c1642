// The API describes itself.
import { Type } from 'typebox';
import { jsonAnswer } from '../answer.ts';
import { route } from '../route.ts';

export const getDescription = route({
  method: 'GET',
  path: '/api/v1/openapi.json',
  scope: 'open',
  tag: 'Health',
  summary: 'This description (OpenAPI 3.1)',
  answers: { 200: { description: 'OpenAPI 3.1', schema: Type.Object({ openapi: Type.String() }) } },
  store: 'does not ask',
  unknownQuery: 'ignore',
  handle: (_call, { description }) => jsonAnswer(200, description),
});
