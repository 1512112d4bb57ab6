/** What stands behind both proxies: a server that answers 200 with a short body. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const server = createServer((request, response) => {
  request.resume();
  response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": 2 });
  response.end("ok");
});
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => process.send!({ port: (server.address() as AddressInfo).port }));
