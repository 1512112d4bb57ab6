/** The stream of server-sent events, kept alive: a lost connection is said and tried again for as long as the page is seen. */

const EVENTS = ["state", "sample", "decision", "window"];
/** A sample comes each second: so long a silence is a connection that died without saying so. */
const SILENCE_MS = 6_000;
const RETRY_MS = 2_000;

/**
 * @param {Record<"state" | "sample" | "decision" | "window", (data: any) => void>} on
 * @param {(isLive: boolean) => void} onLink
 */
export function openStream(on, onLink) {
  // The origin alone: an address with credentials in it is refused by the browser.
  const url = `${location.origin}/ui/api/events`;
  /** @type {EventSource | null} */
  let source = null;
  let silence = 0;
  let retry = 0;

  function close() {
    clearTimeout(silence);
    clearTimeout(retry);
    source?.close();
    source = null;
  }

  function lost() {
    close();
    onLink(false);
    retry = setTimeout(connect, RETRY_MS);
  }

  function postpone() {
    clearTimeout(silence);
    silence = setTimeout(lost, SILENCE_MS);
  }

  function connect() {
    close();
    source = new EventSource(url);
    postpone();
    source.addEventListener("error", lost);
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => {
        postpone();
        on[name](JSON.parse(event.data));
        if (name === "state") onLink(true);
      });
    }
  }

  // Browsers allow six connections to a host: pages that nobody sees leave theirs to the others.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : connect()));
  connect();
}
