// docs/lifecycle.md: the table of src/domain/lifecycle.ts as a drawing, a table and a state diagram.
import { LIFECYCLE, type Transition } from '../../src/domain/lifecycle.ts';
import { FINAL_STATUSES, STATUSES, type Status } from '../../src/domain/task.ts';
import { drawLife } from './life-drawing.ts';
import { generatedFrom, markdownTable } from './markdown.ts';

const BY: Record<Transition['by'], string> = {
  client: 'a client',
  node: 'the node that runs it',
  sweeper: 'a sweeper: any node, with or without handlers',
};

const STATUS_MEANING: Record<Status, string> = {
  pending: 'accepted and waiting; `pending_reason` says for what',
  processing: 'a node holds the lease and runs the handler',
  success: 'the handler returned; `result` is what it returned',
  failed: '`error` and `error_code` say why',
  canceled: 'ended on request',
  timeout: 'waited longer than its `queue_timeout`; it did not run again after that',
};

export function lifecycleDoc(table: readonly Transition[] = LIFECYCLE): string {
  const statuses = STATUSES.map((status) => {
    const isLast = FINAL_STATUSES.some((final) => final === status);
    return [`\`${status}\``, isLast ? 'yes' : 'no', STATUS_MEANING[status]];
  });
  const transitions = table.map(({ name, from, to, by, when }) => {
    return [name, from === null ? '-' : `\`${from}\``, `\`${to}\``, BY[by], when];
  });
  return `# The life of a task

${generatedFrom('src/domain/lifecycle.ts')}

\`\`\`text
${drawLife(table)}
\`\`\`

## States

${markdownTable(['status', 'final', 'meaning'], statuses)}

A final task changes only by the explicit retry call (\`revive\`), until it is purged after \`queue.retention\`.

## Transitions

${markdownTable(['name', 'from', 'to', 'by', 'when'], transitions)}

Each transition raises \`version\` by one and writes one event in the same atomic step. What else a call changes is in
[store-semantics.md](store-semantics.md).

## Diagram

\`\`\`mermaid
stateDiagram-v2
${table.map(({ name, from, to }) => `    ${from ?? '[*]'} --> ${to}: ${name}`).join('\n')}
\`\`\`
`;
}
