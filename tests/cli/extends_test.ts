// extends on the command line: where bases are looked for, and what a run keeps of them.

import assert from "node:assert/strict";
import { needs } from "../permissions.ts";
import { squall } from "./squall.ts";
import { scenarioFolder, TEN_SECONDS } from "./scenarios.ts";

Deno.test({
  name: "a scenario extends one in another folder below scenarios/, and none outside",
  ignore: needs("read", "write", "run", "env"),
  async fn() {
    const { folder } = scenarioFolder(TEN_SECONDS, "outside.yaml");
    try {
      Deno.mkdirSync(`${folder}/scenarios/incidents`, { recursive: true });
      Deno.writeTextFileSync(`${folder}/scenarios/base.yaml`, TEN_SECONDS);
      const write = (name: string, text: string) =>
        Deno.writeTextFileSync(`${folder}/scenarios/incidents/${name}`, text);
      write("good.yaml", "extends: ../base.yaml\nname: good\nfaults: null\n");
      write("out.yaml", "extends: ../../outside.yaml\n");
      write("text.yaml", "extends: ../../../../../../../../etc/passwd\n");
      write("missing.yaml", "extends: ../bse.yaml\n");
      write("folder.yaml", "extends: ../incidents.yaml\n");
      Deno.mkdirSync(`${folder}/scenarios/incidents.yaml`);
      Deno.symlinkSync(`${folder}/outside.yaml`, `${folder}/scenarios/link.yaml`);
      write("link.yaml", "extends: ../link.yaml\n");
      const inside = `${folder}/scenarios/incidents`;
      const { code, stdout, stderr } = await squall(
        ["validate", "good.yaml", "out.yaml", "text.yaml", "missing.yaml", "folder.yaml", "link.yaml"],
        { cwd: inside },
      );
      assert.equal(code, 104);
      assert.equal(stdout, "good.yaml: valid\n");
      for (
        const pattern of [
          /^out.yaml:1:10: it leads out of the scenario's root folder\n.*\n.*\n.*bases lie below/m,
          /^text.yaml:1:10: it is no .yaml file/m,
          /^missing.yaml:1:10: there is no file .*bse.yaml\n/m,
          /^folder.yaml:1:10: .*incidents.yaml is no file/m,
          /^link.yaml:1:10: it leads out/m,
        ]
      ) assert.match(stderr, pattern);
      assert.doesNotMatch(stderr, /root:/);

      const flags = ["--pace", "max", "--no-logs", "--traces", "none", "--quiet", "--results", "results"];
      const ran = await squall(["run", "good.yaml", ...flags], { cwd: inside });
      assert.equal(ran.code, 0, ran.stderr);
      const kept = Deno.readTextFileSync(`${inside}/results/scenario.yaml`);
      assert.match(kept, /^name: good$/m);
      assert.doesNotMatch(kept, /extends|slow bank/);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
