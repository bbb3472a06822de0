/** Listens for requests, and stops without breaking any off. */

import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";

const SWEEP_MILLISECONDS = 50;

/** A server that listens. */
export async function listening(app: RequestListener, host: string, port: number): Promise<Server> {
  const server = createServer(app);
  server.listen(port, host);
  await once(server, "listening");
  return server;
}

/** Takes no more requests, and waits until those under way are answered; longer than that, they are broken off. */
export async function drain(server: Server, milliseconds: number): Promise<void> {
  const closed = once(server, "close");
  server.close();
  // A connection that was busy when this began is idle once its answer is out.
  const sweeping = setInterval(() => server.closeIdleConnections(), SWEEP_MILLISECONDS);
  const late = setTimeout(() => server.closeAllConnections(), milliseconds);
  await closed;
  clearInterval(sweeping);
  clearTimeout(late);
}
