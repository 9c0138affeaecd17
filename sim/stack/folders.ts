// Looks at the folders that the containers mount: that they are there, and that who reads them may.

import { join } from "node:path";
import { StackError } from "./engine.ts";

const OTHERS_READ = 0o004;
const OTHERS_ENTER = 0o001;

/**
 * Makes the folders that the stack mounts. Compose would make them too, but as root's.
 * @throws {StackError} when one cannot be made, listed or entered
 */
export function prepareFolder(folder: string, shown: string): void {
  try {
    Deno.mkdirSync(folder, { recursive: true });
    for (const entry of Deno.readDirSync(folder)) if (entry.isDirectory) listed(join(folder, entry.name));
  } catch (error) {
    throw new StackError(
      `the folder ${shown} cannot be read (${error instanceof Error ? error.message : error}), so no log would be ` +
        `found: make it yours (sudo chown -R $USER ${shown}) or name another one with SQUALL_LOGS`,
    );
  }
}

function listed(folder: string): void {
  for (const _ of Deno.readDirSync(folder)) return;
}

/**
 * Loki, Tempo, Prometheus and Grafana read their configuration as users of their own, so everybody must be able to: a
 * checkout made under a strict umask is not enough.
 * @throws {StackError} with every file and folder that they could not read
 */
export function checkReadableByAll(folder: string, shown: string): void {
  const closed: string[] = [];
  const look = (path: string, name: string): void => {
    const info = Deno.statSync(path);
    // Windows has no modes.
    if (info.mode === null) return;
    const wanted = info.isDirectory ? OTHERS_READ | OTHERS_ENTER : OTHERS_READ;
    if ((info.mode & wanted) !== wanted) closed.push(name);
    if (!info.isDirectory) return;
    for (const entry of Deno.readDirSync(path)) {
      if (!entry.name.startsWith(".")) look(join(path, entry.name), `${name}/${entry.name}`);
    }
  };
  try {
    look(folder, shown);
  } catch (error) {
    throw new StackError(
      `the configuration in ${shown} cannot be read: ${error instanceof Error ? error.message : error}`,
    );
  }
  if (closed.length === 0) return;
  const more = closed.length > 1 ? ` and ${closed.length - 1} more` : "";
  throw new StackError(
    `${closed[0]}${more} cannot be read by the users that the containers run as: chmod -R o+rX ${shown}`,
  );
}
