/** The invoke form: one call through the gateway, like any client's, and what came back. */
import { byId, setText } from "./dom.js";
import { bytes, seconds } from "./format.js";

const MAX_SHOWN_CHARACTERS = 64 * 1024;

/** @param {() => string | null} functionName */
export function wireInvoke(functionName) {
  const form = byId("invoke");
  const { method, body, mode } = form.elements;
  const button = form.querySelector("button");

  const settle = () => {
    const isAsync = mode.value === "async";
    // A queued call is a POST; a GET or HEAD has no body.
    if (isAsync) method.value = "POST";
    method.disabled = isAsync;
    body.disabled = method.value === "GET" || method.value === "HEAD";
  };
  form.addEventListener("change", settle);
  body.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = functionName();
    if (name === null || button.disabled) return;
    button.disabled = true;
    setText(button, "waiting …");
    void call(name, form.elements)
      .then(show, (thrown) => show({ line: `no answer: ${thrown.message}`, text: "", isBad: true }))
      .finally(() => {
        button.disabled = false;
        setText(button, "Invoke");
      });
  });
  settle();
}

export function clearAnswer() {
  byId("answer").hidden = true;
}

async function call(name, { method, path, contentType, header, body, mode }) {
  const prefix = mode.value === "async" ? "/async-function/" : "/function/";
  const rest = path.value.trim();
  const url = new URL(`${prefix}${name}${rest === "" || /^[/?]/.test(rest) ? rest : `/${rest}`}`, location.origin);
  const headers = new Headers();
  const hasBody = !body.disabled && body.value !== "";
  if (hasBody && contentType.value.trim() !== "") headers.set("Content-Type", contentType.value.trim());
  if (header.value.trim() !== "") headers.set(...headerOf(header.value));
  const startMs = performance.now();
  const response = await fetch(url, {
    method: method.value,
    headers,
    cache: "no-store",
    redirect: "manual",
    ...(hasBody && { body: body.value }),
  });
  const answer = await response.arrayBuffer();
  const took = (performance.now() - startMs) / 1000;
  if (response.type === "opaqueredirect")
    return { line: `a redirect, not followed · ${seconds(took)}`, text: "", isBad: false };
  const callId = response.headers.get("X-Call-Id");
  const type = response.headers.get("Content-Type");
  const line = [
    `${response.status} ${response.statusText}`.trim(),
    seconds(took),
    ...(callId ? [`X-Call-Id ${callId}`] : []),
    bytes(answer.byteLength),
    ...(type ? [type] : []),
  ];
  return { line: line.join(" · "), text: textOf(answer, type), isBad: response.status >= 400 };
}

function headerOf(text) {
  const at = text.indexOf(":");
  if (at <= 0) throw new Error(`a header is written 'Name: value', was: '${text}'`);
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

function textOf(buffer, type) {
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(buffer);
  } catch {
    return "(not text)";
  }
  if (/\bjson\b/.test(type ?? "") && text.length < MAX_SHOWN_CHARACTERS) {
    try {
      text = JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      // Shown as it came.
    }
  }
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}\n… (cut)` : text;
}

function show({ line, text, isBad }) {
  const answer = byId("answer");
  answer.hidden = false;
  answer.classList.toggle("bad", isBad);
  setText(byId("answer-line"), line);
  setText(byId("answer-body"), text);
  byId("answer-body").hidden = text === "";
}
