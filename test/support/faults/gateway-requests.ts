/** Requests to the platform's routes with anything in them, as fast-check makes them. */
import fc from "fast-check";

import { routes, type RouteFact } from "#services/local-openfaas/gateway/routes.ts";
import { askers, headersOf, type Asker } from "./gateway-world.ts";

export interface MadeRequest {
  readonly server: RouteFact["server"];
  readonly asker: Asker;
  readonly bytes: Buffer;
  /** No more will come, and the request may want more. */
  readonly end: boolean;
}

const names = fc.oneof(
  fc.constantFrom("echo", "nobody", "echo.openfaas-fn", "echo.other", "", "..", "%2e%2e", "%zz", "%00", "__proto__"),
  fc.constantFrom("a".repeat(300), "constructor", "ECHO", "-", "🙂", "echo%2f..%2fx"),
  fc.string({ maxLength: 20 }).map((text) => encodeURIComponent(text)),
);
const tails = fc.oneof(
  fc.constantFrom("", "/", "?", "/x/y", "/../../system/functions", "?namespace=other", "?namespace=a&namespace=b"),
  fc.constantFrom("?usage=1", "?name=echo", "?name=echo&follow=true", "?name=echo&tail=-9999999999999999", "?name[]=a"),
  fc.constantFrom("?name=echo&since=9999-99-99T99:99:99Z", "?__proto__[x]=1", `?${"a=b&".repeat(1_000)}`),
  fc.string({ maxLength: 30 }).map((text) => `?${encodeURIComponent(text)}`),
);
const methods = fc.constantFrom("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND");

const headerValue = fc.oneof(
  fc.constantFrom(
    "",
    "1",
    "-1",
    "keep-alive",
    "close",
    "x".repeat(8_000),
    "1".repeat(8_000),
    "gzip",
    "*/*",
    "bytes=0-",
  ),
  fc.constantFrom("X-Call-Id, Host, Content-Length", "100-continue", "websocket", "1m30s", "9".repeat(60) + "h", "0s"),
  fc.constantFrom("http://127.0.0.1:1/", "http://u:p@[::1]:99/", "ftp://x", "http://%zz", "text/plain", "W/x"),
  fc.string({ maxLength: 40, unit: "grapheme-ascii" }),
);
const headerName = fc.constantFrom(
  ...["X-Timeout", "X-Call-Id", "X-Callback-Url", "X-Forwarded-For", "X-Forwarded-Host", "X-Start-Time", "Connection"],
  ...["Content-Type", "Content-Encoding", "Accept", "Accept-Encoding", "Expect", "Upgrade", "Range", "If-None-Match"],
  ...["Cookie", "Authorization", "Proxy-Authorization", "TE", "Trailer", "Origin", "Host", "Sec-Fetch-Site", "X-A"],
);
const headers = fc.array(fc.tuple(headerName, headerValue), { maxLength: 6 });

const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    -1,
    1.5,
    1e308,
    true,
    "",
    "echo",
    "__proto__",
    [],
    {},
    [[]],
    { a: {} },
    "x".repeat(5_000),
  ),
  fc.jsonValue({ maxDepth: 3 }),
);
const mostly = <T>(value: T) =>
  fc.oneof({ arbitrary: fc.constant<unknown>(value), weight: 4 }, { arbitrary: odd, weight: 1 });
const record = fc.record(
  {
    service: mostly("echo"),
    name: mostly("secret"),
    functionName: mostly("echo"),
    serviceName: mostly("echo"),
    image: mostly("example/echo:1"),
    namespace: mostly("openfaas-fn"),
    replicas: fc.oneof(fc.integer({ min: -2, max: 6 }), odd),
    labels: mostly({ "com.openfaas.scale.min": "0" }),
    annotations: mostly({ topic: "a" }),
    envVars: mostly({ a: "b" }),
    secrets: mostly([]),
    limits: mostly({ cpu: "1m", memory: "1Mi" }),
    value: mostly("v"),
    rawValue: mostly("dg=="),
    alerts: mostly([{ status: "firing", labels: { function_name: "echo" } }]),
  },
  { requiredKeys: [] },
);
const body = fc.oneof(
  { arbitrary: record.map((value) => Buffer.from(JSON.stringify(value))), weight: 6 },
  { arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)), weight: 2 },
  { arbitrary: fc.constant(Buffer.alloc(0)), weight: 2 },
  {
    arbitrary: fc.constantFrom(
      ...["[", '{"a":', "[[],"].map((part) => Buffer.from(part.repeat(60_000))),
      Buffer.from(`{"name":"big","rawValue":"${"QUJD".repeat(200_000)}"}`),
      Buffer.from(`{"service":"${"a".repeat(500_000)}"}`),
    ),
    weight: 1,
  },
);
const framing = fc.constantFrom("length", "length", "length", "chunked", "short", "none");

export function aRequest(): fc.Arbitrary<MadeRequest> {
  const parts = fc.record({
    route: fc.constantFrom(...routes),
    asker: fc.constantFrom(...askers, "right" as const, "right" as const),
    ...{ name: names, tail: tails, method: methods, listed: fc.boolean(), headers, body, framing },
  });
  return parts.map(({ route, asker, name, tail, method, listed, headers: more, body: content, framing: how }) => {
    const target = route.path.replace(/:name\*?/, name).replace("*", "") + tail;
    const lines = [`${listed ? route.methods[0]! : method} ${target} HTTP/1.1`, ...headersOf(asker)];
    for (const [key, value] of more) if (key !== "Host" || asker !== "foreign name") lines.push(`${key}: ${value}`);
    if (how === "length") lines.push(`Content-Length: ${content.length}`);
    if (how === "short") lines.push(`Content-Length: ${content.length + 5}`);
    if (how === "chunked") lines.push("Transfer-Encoding: chunked");
    const sent = how === "none" ? Buffer.alloc(0) : how === "chunked" ? chunked(content) : content;
    const bytes = Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "utf8"), sent]);
    return { server: route.server, asker, bytes, end: how === "short" };
  });
}

function chunked(content: Buffer): Buffer {
  if (content.length === 0) return Buffer.from("0\r\n\r\n");
  const head = Buffer.from(`${content.length.toString(16)}\r\n`);
  return Buffer.concat([head, content, Buffer.from("\r\n0\r\n\r\n")]);
}

/** Some bytes of the head gone, doubled or others. */
export function mutated(request: fc.Arbitrary<MadeRequest>): fc.Arbitrary<MadeRequest> {
  const change = fc.record({
    at: fc.nat(2_000),
    kind: fc.constantFrom("drop", "double", "put"),
    byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 10, 13, 32, 58)),
    count: fc.integer({ min: 1, max: 8 }),
  });
  return fc.tuple(request, fc.array(change, { minLength: 1, maxLength: 6 })).map(([made, changes]) => {
    let bytes = made.bytes;
    for (const { at, kind, byte, count } of changes) {
      const from = at % Math.min(bytes.length, 2_000);
      const piece = bytes.subarray(from, from + count);
      const instead = kind === "drop" ? [] : kind === "double" ? [piece, piece] : [Buffer.alloc(count, byte)];
      bytes = Buffer.concat([bytes.subarray(0, from), ...instead, bytes.subarray(from + count)]);
      if (bytes.length === 0) bytes = Buffer.from("\r\n");
    }
    return { ...made, bytes };
  });
}
