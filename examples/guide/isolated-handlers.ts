// Handlers that compute for long, or that may crash: each runs in a thread or a process of its own.
// #region handler
export default [
  {
    type: 'compute',
    isolation: 'thread' as const, // or 'process'
    async handle() {
      for (;;); // at its process timeout the thread is ended; nothing else on the node notices
    },
  },
];
// #endregion
