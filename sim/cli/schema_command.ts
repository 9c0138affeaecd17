// deno task schema: writes the JSON Schema of scenario files, for completion and hover texts in editors.

import { Command } from "commander";
import { scenarioSchema } from "../scenario/schema.ts";
import { print } from "./console.ts";
import { ExitCode } from "./exit_codes.ts";
import { projectPath, shownPath } from "./paths.ts";

export function schemaCommand(finish: (code: ExitCode) => void): Command {
  return new Command("schema")
    .summary("write the JSON Schema of scenario files")
    .description("Writes scenarios/scenario.schema.json from the field descriptions of the scenario language.")
    .option("--json", "print the schema instead")
    .action((flags: { json?: boolean }) => {
      const text = JSON.stringify(scenarioSchema(), undefined, 2) + "\n";
      if (flags.json) print(text);
      else {
        const path = projectPath("scenarios/scenario.schema.json");
        Deno.writeTextFileSync(path, text);
        print(`wrote ${shownPath(path)}\n`);
      }
      finish(ExitCode.success);
    });
}
