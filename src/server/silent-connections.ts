// Connections that have not asked for anything yet. Node counts them neither as idle nor as done, so a server that
// closes would wait a minute for a browser's spare connection.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Answers a function that ends all connections which have never sent a request. */
export function trackSilentConnections(server: Server): () => void {
  const silent = new Set<Socket>();
  server.on('connection', (socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.on('request', (request) => silent.delete(request.socket));
  return () => {
    for (const socket of silent) socket.destroy();
  };
}
