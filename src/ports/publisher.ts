// Where pushed messages go. A publisher never delays a task: the relay in front of it bounds what may wait.

export interface PushMessage {
  readonly topic: string;
  readonly payload: string;
  /** What goes beside the payload where the protocol has room for it (MQTT 5); elsewhere it is left out. */
  readonly contentType?: string;
  /** W3C trace context. */
  readonly traceparent?: string;
  /** Nobody wants it later than this; left out: for ever. */
  readonly expirySeconds?: number;
}

export interface Publisher {
  /** Whether anybody could receive something now. While false the relay does not build messages. */
  hasAudience(): boolean;
  /**
   * Resolves when the broker has taken all of them (as far as its QoS says); rejects when it is away. Calls that are under
   * way at once reach the broker in the order of the calls, and when one of them is rejected so are the later ones.
   */
  publish(messages: readonly PushMessage[]): Promise<void>;
  health(): { readonly status: 'ok' | 'down' | 'off'; readonly detail: string };
  close(): Promise<void>;
}
