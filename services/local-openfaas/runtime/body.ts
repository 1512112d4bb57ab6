/** Reads a request's body as the template's parsers do: by content type, within limits, inflated. */
import type { IncomingMessage } from "node:http";
import { parse as parseForm } from "node:querystring";
import type { Readable, Transform } from "node:stream";
import { TextDecoder } from "node:util";
import { messageOf } from "#shared/core/errors.ts";

/** A request that is refused before the handler sees it. */
export class RefusedRequestError extends Error {
  override readonly name = "RefusedRequestError";
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** The settings of a function that its bodies are read by. */
export interface BodyRules {
  /** Everything as a Buffer, whatever its content type. */
  readonly raw: boolean;
  readonly rawLimitBytes: number;
  readonly jsonLimitBytes: number;
}

/** For text and forms, which no setting changes. */
const DEFAULT_LIMIT_BYTES = 100 * 1024;
const MAX_FORM_FIELDS = 1000;

const UNITS: Readonly<Record<string, number>> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/** `100kb`, `1mb` or plain bytes. Throws for anything else. */
export function parseSize(text: string, setting: string): number {
  const found = /^(\d+(?:\.\d+)?) *(b|kb|mb|gb)?$/i.exec(text.trim());
  if (!found) throw new Error(`${setting} must be a size like '100kb', was: '${text}'`);
  return Math.floor(Number(found[1]) * UNITS[(found[2] ?? "b").toLowerCase()]!);
}

/** Throws for a setting that is no size. */
export function bodyRules(env: NodeJS.ProcessEnv): BodyRules {
  return {
    raw: env["RAW_BODY"] === "true",
    rawLimitBytes: parseSize(env["MAX_RAW_SIZE"] || "100kb", "MAX_RAW_SIZE"),
    jsonLimitBytes: parseSize(env["MAX_JSON_SIZE"] || "100kb", "MAX_JSON_SIZE"),
  };
}

/** The event's body; undefined when there is none or no parser takes its content type. */
export async function readBody(request: IncomingMessage, rules: BodyRules): Promise<unknown> {
  const { mediaType, charset } = contentTypeOf(request.headers["content-type"] ?? "");
  if (rules.raw) return readAll(request, rules.rawLimitBytes);
  if (mediaType.startsWith("text/")) {
    const decoder = decoderFor(charset);
    return decoder.decode(await readAll(request, DEFAULT_LIMIT_BYTES));
  }
  if (mediaType === "application/json") {
    if (!charset.startsWith("utf-")) throw unsupportedCharset(charset);
    const decoder = decoderFor(charset);
    return parseJson(decoder.decode(await readAll(request, rules.jsonLimitBytes)));
  }
  if (mediaType === "application/x-www-form-urlencoded") {
    if (charset !== "utf-8" && charset !== "iso-8859-1") throw unsupportedCharset(charset);
    return readForm(decoderFor(charset).decode(await readAll(request, DEFAULT_LIMIT_BYTES)));
  }
  return undefined;
}

/** Whether one was announced; it may be empty. */
export function hasBody(request: IncomingMessage): boolean {
  const { "transfer-encoding": encoding, "content-length": length } = request.headers;
  return encoding !== undefined || (length !== undefined && !Number.isNaN(Number(length)));
}

function contentTypeOf(header: string): { mediaType: string; charset: string } {
  const [mediaType = "", ...parameters] = header.split(";").map((part) => part.trim());
  const charset = parameters.find((parameter) => /^charset *=/i.test(parameter));
  return {
    mediaType: mediaType.toLowerCase(),
    charset: (charset?.slice(charset.indexOf("=") + 1) ?? "utf-8").trim().replaceAll('"', "").toLowerCase(),
  };
}

function decoderFor(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset);
  } catch {
    throw unsupportedCharset(charset);
  }
}

function unsupportedCharset(charset: string): RefusedRequestError {
  return new RefusedRequestError(415, `unsupported charset "${charset.toUpperCase()}"`);
}

/** Only objects and arrays are JSON to the template; an empty body is an empty object. */
function parseJson(text: string): unknown {
  if (text.length === 0) return {};
  const first = /[^ \t\n\r]/.exec(text)?.[0];
  try {
    const parsed: unknown = JSON.parse(text);
    if (first === "{" || first === "[") return parsed;
  } catch (thrown) {
    throw new RefusedRequestError(400, messageOf(thrown));
  }
  throw new RefusedRequestError(400, `the JSON body must be an object or an array, was: ${text.slice(0, 40)}`);
}

/** Repeated names and `name[]` become arrays; deeper nesting is left in the name. */
function readForm(text: string): Record<string, unknown> {
  if (text.length === 0) return {};
  if (text.split("&", MAX_FORM_FIELDS + 1).length > MAX_FORM_FIELDS) {
    throw new RefusedRequestError(413, "too many parameters");
  }
  const form: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(parseForm(text, "&", "=", { maxKeys: MAX_FORM_FIELDS }))) {
    if (name.endsWith("[]")) form[name.slice(0, -2)] = [value].flat();
    else if (name !== "__proto__") form[name] = value;
  }
  return form;
}

async function readAll(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const encoding = (request.headers["content-encoding"] ?? "identity").toLowerCase();
  if (encoding === "identity" && Number(request.headers["content-length"] ?? 0) > limitBytes) tooLarge(request);
  const stream = encoding === "identity" ? request : await inflated(request, encoding);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // No early `return` or `break` out of the loop before the limit: leaving it would destroy the socket.
    for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > limitBytes) tooLarge(request);
      chunks.push(chunk);
    }
  } catch (thrown) {
    if (thrown instanceof RefusedRequestError) throw thrown;
    throw new RefusedRequestError(400, messageOf(thrown));
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes);
}

/** The rest of the body is read and thrown away, so that the caller receives the answer instead of a broken pipe. */
function tooLarge(request: IncomingMessage): never {
  request.unpipe();
  request.resume();
  throw new RefusedRequestError(413, "request entity too large");
}

async function inflated(request: IncomingMessage, encoding: string): Promise<Readable> {
  const zlib = await import("node:zlib"); // loaded by the few who need it: start-up time is a cold start
  const inflaters = new Map<string, () => Transform>([
    ["gzip", () => zlib.createGunzip()],
    ["deflate", () => zlib.createInflate()],
    ["br", () => zlib.createBrotliDecompress()],
  ]);
  const inflate = inflaters.get(encoding)?.();
  if (!inflate) throw new RefusedRequestError(415, `unsupported content encoding "${encoding}"`);
  request.on("error", (error) => inflate.destroy(error));
  return request.pipe(inflate);
}
