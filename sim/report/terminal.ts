// Text for a terminal: colours that can be left out, widths, and tables that fit.

/** Each adds a colour or a weight, or nothing where colour is off. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

/** The ANSI codes for colours; without `color` the texts stay as they are. */
export function paintFor(color: boolean): Paint {
  const code = (open: number, close: number) => (text: string): string =>
    color && text !== "" ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    bold: code(1, 22),
    dim: code(2, 22),
    red: code(31, 39),
    green: code(32, 39),
    yellow: code(33, 39),
    cyan: code(36, 39),
  };
}

/** Columns that a text takes; it must not contain codes for colours. */
export function widthOf(text: string): number {
  return [...text].length;
}

export function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

export function padStart(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - widthOf(text))) + text;
}

/** Cuts a text that is too wide, and says so with an ellipsis. */
export function cut(text: string, width: number): string {
  return widthOf(text) <= width ? text : [...text].slice(0, Math.max(0, width - 1)).join("") + "…";
}

/** Columns that the start of a name keeps where what follows tells it from others. */
const START_WIDTH = 6;

/** Cuts names that are too wide, and in their middle where they would look the same otherwise. */
export function cutApart(names: readonly string[], width: number): string[] {
  const groups = Map.groupBy(names, (name) => cut(name, width));
  return names.map((name) => {
    const alike = [...new Set(groups.get(cut(name, width)))];
    return alike.length < 2 ? cut(name, width) : cutAfterStart(name, alike, width);
  });
}

/** The start of a name, and it from where it differs from those that are like it. */
function cutAfterStart(name: string, alike: readonly string[], width: number): string {
  const chars = [...name];
  const others = alike.filter((each) => each !== name).map((each) => [...each]);
  const common = Math.max(...others.map((other) => {
    const at = chars.findIndex((char, i) => other[i] !== char);
    return at < 0 ? chars.length : at;
  }));
  const start = Math.min(START_WIDTH, width - 2);
  const room = width - start - 1;
  // Its end, if that shows the difference; else so much that the difference stands last.
  const from = Math.max(start, Math.min(chars.length - room, common - Math.floor(room / 2)));
  return chars.slice(0, start).join("") + "…" + cut(chars.slice(from).join(""), room);
}

/**
 * Pieces of a sentence with commas between them, on as few lines as they fit; further lines are indented. A piece that is
 * wider than a line is cut.
 */
export function commaLines(pieces: readonly string[], width: number, hang = "  "): string[] {
  const lines: string[] = [];
  pieces.forEach((piece, i) => {
    const text = i < pieces.length - 1 ? `${piece},` : piece;
    const last = lines.at(-1);
    if (last !== undefined && widthOf(last) + 1 + widthOf(text) <= width) lines[lines.length - 1] = `${last} ${text}`;
    else lines.push(cut(last === undefined ? text : hang + text, width));
  });
  return lines;
}

export interface Column {
  readonly title: string;
  readonly cells: readonly string[];
  /** Columns go in this order, the highest first, while the table is too wide; 0 never goes. */
  readonly dispensable: number;
  readonly paint?: (text: string, row: number) => string;
}

const GAP = 2;

/** Widths below which the first column is not cut. */
const NAME_WIDTH_MIN = 12;

/**
 * Lines of a table: titles, then a line a row; the first column to the left, numbers to the right. When it is wider than
 * `width`, dispensable columns are left out, and at last the first column is cut.
 */
export function tableLines(columns: readonly Column[], width: number, paint: Paint): string[] {
  const widths = new Map(columns.map((each) => [each, Math.max(...[each.title, ...each.cells].map(widthOf))]));
  const widthOfAll = (shown: readonly Column[]): number =>
    shown.reduce((total, each) => total + widths.get(each)!, (shown.length - 1) * GAP);
  let shown = columns;
  while (widthOfAll(shown) > width) {
    const most = Math.max(...shown.map((each) => each.dispensable));
    if (most === 0) break;
    shown = shown.filter((each) => each.dispensable !== most);
  }
  const first = shown[0]!;
  const over = widthOfAll(shown) - width;
  if (over > 0) widths.set(first, Math.max(NAME_WIDTH_MIN, widths.get(first)! - over));
  const line = (textOf: (column: Column) => string, paintOf: (column: Column, text: string) => string): string =>
    shown.map((column) => {
      const text = cut(textOf(column), widths.get(column)!);
      return paintOf(
        column,
        column === first ? padEnd(text, widths.get(column)!) : padStart(text, widths.get(column)!),
      );
    }).join(" ".repeat(GAP)).trimEnd();
  const titles = line((column) => column.title, (_, text) => paint.dim(text));
  const rows = first.cells.map((_, row) =>
    line((column) => column.cells[row] ?? "", (column, text) => column.paint?.(text, row) ?? text)
  );
  return [titles, ...rows];
}

/** Breaks a text between words, so that no line is wider where that can be. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && widthOf(longer) > columns) lines.push(word);
    else lines[Math.max(0, lines.length - 1)] = longer;
  }
  return lines;
}
