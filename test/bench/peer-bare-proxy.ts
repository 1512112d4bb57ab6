/** The yardstick: the shortest streaming keep-alive proxy that node:http allows, doing nothing else. */
import { Agent, createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { answerCpu } from "./peer-cpu.ts";

const port = Number(process.argv[2]);
const agent = new Agent({ keepAlive: true });
const server = createServer((request, response) => {
  const { method, headers } = request;
  const upstream = httpRequest({ agent, host: "127.0.0.1", port, method: method!, path: "/", headers }, (answer) => {
    response.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(response);
  });
  upstream.on("error", () => response.destroy());
  request.pipe(upstream);
});
answerCpu();
server.listen(0, "127.0.0.1", () => process.send!({ port: (server.address() as AddressInfo).port }));
