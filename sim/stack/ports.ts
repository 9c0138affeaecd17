// Says whether a port of this machine is free, and who has it if not.

import type { RunProgram } from "./program.ts";

const HOST = "127.0.0.1";

/** Whether something listens on the port already: on this address, or on all of them. */
export async function isPortTaken(port: number): Promise<boolean> {
  try {
    // BSD's systems let one listen on an address while another program listens on all of them: so ask that program.
    (await Deno.connect({ hostname: HOST, port })).close();
    return true;
  } catch {
    return isInUse(port);
  }
}

function isInUse(port: number): boolean {
  try {
    Deno.listen({ hostname: HOST, port }).close();
    return false;
  } catch (error) {
    // Anything else, such as a port below 1024, is for Docker's daemon to say: it may be allowed what we are not.
    return error instanceof Deno.errors.AddrInUse;
  }
}

/**
 * Who listens on a port, as far as this user may know: a container, or a program with its process id.
 * @returns undefined when neither the engine, ss nor lsof tells
 */
export async function whoHasPort(
  port: number,
  containers: "docker" | "podman",
  run: RunProgram,
): Promise<string | undefined> {
  const found = await run([containers, "ps", "--filter", `publish=${port}`, "--format", "{{.Names}} ({{.Image}})"]);
  const container = found.code === 0 ? found.stdout.trim().split("\n")[0] : "";
  if (container !== undefined && container !== "") return `the container ${container}`;
  // users:(("node",pid=4242,fd=21))
  const sockets = await run(["ss", "-ltnpH", `sport = :${port}`]);
  const socket = /\(\("([^"]+)",pid=(\d+)/.exec(sockets.stdout);
  if (socket !== null) return `${socket[1]}, process ${socket[2]}`;
  // p4242, then cnode
  const files = await run(["lsof", "-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"]);
  const pid = /^p(\d+)$/m.exec(files.stdout), name = /^c(.+)$/m.exec(files.stdout);
  return pid === null || name === null ? undefined : `${name[1]}, process ${pid[1]}`;
}
