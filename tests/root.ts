// Where the project stands.

import { fileURLToPath } from "node:url";

/** A path of the project. */
export function fromRoot(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url)).replace(/\/\.?$/, "");
}
