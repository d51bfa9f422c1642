// Which nodes are there, as retained messages on the external broker: said by the node itself when it comes and goes, and
// by the broker in its stead (last will) when it disappears.

/** `<base>/nodes/{node_id}`. What would be a wildcard or a level of its own in a topic is replaced in the id. */
export function presenceTopic(base: string, nodeId: string): string {
  return `${base}/nodes/${nodeId.replace(/[+#/\0]/g, '_')}`;
}

export function presenceMessage(nodeId: string, status: 'online' | 'offline'): string {
  return JSON.stringify({ node_id: nodeId, status });
}
