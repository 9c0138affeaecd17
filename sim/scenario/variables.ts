// Variables in a scenario's values: `${NAME}` and `${NAME:-default}` read what was given with -e, and nothing else;
// `$${` is a plain `${`.

export interface VariableProblem {
  /** As written, for the place. */
  readonly written: string;
  readonly message: string;
  readonly hint: string;
}

export interface Expansion {
  readonly text: string;
  /** Whether a variable stands in the text, with its default or not. */
  readonly expanded: boolean;
  readonly problems: readonly VariableProblem[];
  /** Values that came from outside the file, with what stands for them there. */
  readonly values: readonly { readonly value: string; readonly written: string }[];
}

const VARIABLE = /\$\$\{|\$\{([^}]*)(\}?)/g;
const NAME = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/** Expands the variables of a text. Gives it with empty places where there are problems. */
export function expandVariables(text: string, variables: ReadonlyMap<string, string>): Expansion {
  const problems: VariableProblem[] = [];
  const values: { value: string; written: string }[] = [];
  let expanded = false;
  const result = text.replace(VARIABLE, (written: string, inner: string | undefined, close: string | undefined) => {
    if (inner === undefined) return "${";
    expanded = true;
    const match = NAME.exec(inner);
    if (close !== "}" || match === null) {
      problems.push({
        written,
        message: close === "}" ? `"${written}" is not a variable` : `"${written}" is not closed`,
        hint: "write ${NAME} or ${NAME:-default}, and $${ for a plain ${",
      });
      return "";
    }
    const [, name, fallback] = match;
    const value = variables.get(name!);
    if (value !== undefined) values.push({ value, written });
    else if (fallback === undefined) {
      const hint = `give it a value, -e ${name}=…, or a default, \${${name}:-…}`;
      problems.push({ written, message: `the variable ${name} is not set`, hint });
    }
    return value ?? fallback ?? "";
  });
  return { text: result, expanded, problems, values };
}

/** What YAML 1.2's core schema makes of a plain text. */
export function plainValue(text: string): string | number | boolean | null {
  if (/^(?:~|[Nn]ull|NULL)?$/.test(text)) return null;
  if (/^(?:[Tt]rue|TRUE)$/.test(text)) return true;
  if (/^(?:[Ff]alse|FALSE)$/.test(text)) return false;
  if (/^0o[0-7]+$/.test(text)) return parseInt(text.slice(2), 8);
  if (/^0x[0-9a-fA-F]+$/.test(text)) return parseInt(text.slice(2), 16);
  if (/^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/.test(text)) return Number(text);
  if (/^[-+]?\.(?:inf|Inf|INF)$/.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (/^\.(?:nan|NaN|NAN)$/.test(text)) return NaN;
  return text;
}
