// Fields of checks: what a journey's step expects of its answer, as in `status == 200` or `duration < 500ms`.

import { nearest } from "../base/diagnostics.ts";
import { converted, type Field, listOf, text, wrong } from "../base/fields.ts";
import { parseDuration } from "../base/time.ts";
import { type Check, CHECK_COMPARISONS } from "./model.ts";

const SUBJECTS = ["status", "duration"] as const;
const CHECK = /^\s*([a-z_]+)\s*(<=|>=|==|!=|<|>)\s*(\S+)\s*$/i;
const CHECKS_MAX = 100;
const EXAMPLE = "such as status == 200, status < 400 or duration < 500ms";

const checkField: Field<Check> = converted(
  text("a check like status == 200", { lengthMax: 200 }),
  (written, node, diagnostics) => {
    const match = CHECK.exec(written);
    if (match === null) return wrong(node, `"${written}" is no check`, diagnostics, EXAMPLE);
    const [, subjectText, comparisonText, valueText] = match;
    const subject = SUBJECTS.find((each) => each === subjectText);
    const comparison = CHECK_COMPARISONS.find((each) => each === comparisonText);
    if (subject === undefined || comparison === undefined) {
      const [near] = nearest(subjectText!, SUBJECTS);
      return wrong(
        node,
        `an answer has no "${subjectText}" to check`,
        diagnostics,
        near === undefined ? EXAMPLE : `did you mean "${near}"?`,
      );
    }
    const value = subject === "duration"
      ? parseDuration(valueText!)
      : /^[1-5]\d\d$/.test(valueText!)
      ? Number(valueText)
      : undefined;
    if (value === undefined) {
      const expected = subject === "duration" ? "a duration like 500ms" : "a status like 200";
      return wrong(node, `"${valueText}" is not ${expected}`, diagnostics, EXAMPLE);
    }
    return { name: written.trim(), subject, comparison, value };
  },
);

/** The checks of one step. */
export const checksField: Field<readonly Check[]> = listOf(checkField, "a list of checks", { sizeMax: CHECKS_MAX });
