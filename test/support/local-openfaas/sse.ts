/** Reads a stream of server-sent events. */
import { authorization } from "#test/support/gateway.ts";
import { eventually } from "#test/support/eventually.ts";

export interface ReadEvent {
  readonly event: string;
  readonly data: unknown;
}

export interface OpenedStream {
  readonly response: Response;
  readonly events: readonly ReadEvent[];
  /** Resolves when the server ended the stream. */
  readonly ended: Promise<void>;
  /** What the first event of that name says, waited for. */
  first<T = unknown>(event: string): Promise<T>;
  close(): void;
}

export async function openEvents(url: string): Promise<OpenedStream> {
  const closing = new AbortController();
  const response = await fetch(`${url}/ui/api/events`, {
    headers: { Authorization: authorization },
    signal: closing.signal,
  });
  const events: ReadEvent[] = [];
  const read = async () => {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      const frames = text.split("\n\n");
      text = frames.pop()!;
      for (const frame of frames) {
        const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(frame) ?? [];
        if (event && data) events.push({ event, data: JSON.parse(data) as unknown });
      }
    }
  };
  const ended = read();
  ended.catch(() => {}); // Closed by us.
  return {
    response,
    events,
    ended,
    first: async <T>(name: string) => {
      const found = await eventually(() => events.find(({ event }) => event === name), { what: `an event '${name}'` });
      return found!.data as T;
    },
    close: () => closing.abort(),
  };
}
