// How the runner and the programs it measures speak: lines of JSON behind a mark, so that what a library prints does not disturb.
//
//   program                              runner
//   {"is":"ready","value":...}   ->      notes CPU time
//                                <-      go
//   {"is":"done","value":...}    ->      notes CPU time and memory
//                                <-      end of input: clean up and end

export const MARK = '#bench ';

export type ProgramLine =
  /** Warm; `value` is whatever the runner needs, such as a port. */
  { readonly is: 'ready'; readonly value: unknown } | { readonly is: 'done'; readonly value: unknown };
