// Broken scenarios and what is printed about them: tests/golden/broken.

import assert from "node:assert/strict";
import { assertGolden } from "../golden.ts";
import { needs } from "../permissions.ts";
import { problems } from "./support.ts";

const FOLDER = new URL("../golden/broken/", import.meta.url);
const ignore = needs("read", "env");
const names = ignore
  ? []
  : [...Deno.readDirSync(FOLDER)].map((entry) => entry.name).filter((name) => name.endsWith(".yaml")).sort();

Deno.test({
  name: "every broken scenario prints what is wrong, with its place, its line, a caret and a hint",
  ignore,
  async fn(t) {
    assert.ok(names.length >= 10);
    for (const name of names) {
      await t.step(name, () => {
        const printed = problems(Deno.readTextFileSync(new URL(name, FOLDER)));
        const text = printed.join("\n") + "\n";
        assertGolden(`broken/${name.replace(/yaml$/, "txt")}`, text);
        for (const each of printed) {
          assert.match(each, /^scenario\.yaml:\d+:\d+: .+\n +\d+ \| .*\n +\| +\^+\n += .+$/);
        }
      });
    }
  },
});

Deno.test({
  name: "ten planted errors give ten diagnostics at once",
  ignore,
  fn() {
    const printed = problems(Deno.readTextFileSync(new URL("ten-at-once.yaml", FOLDER)));
    const places = printed.map((each) => Number(each.split(":")[1]));
    assert.deepEqual(places, [2, 3, 6, 9, 11, 13, 15, 20, 22, 24]);
  },
});
