import { main } from "./sim/cli/main.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));
