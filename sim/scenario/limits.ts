// How much of a file is read. A scenario that a person writes stays far below; a hostile one ends here, not in memory.

/** Of UTF-8. The largest generated call graphs have some thousand endpoints of about 100 bytes. */
export const FILE_BYTES_MAX = 1024 * 1024;
/** Lists and maps inside each other. The deepest useful scenario has about 15. */
export const DEPTH_MAX = 64;

/** What to do about more than that. */
export const DEPTH_HINT = "a scenario needs about ten: is a bracket left open, or a part inside itself?";
export const ALIASES_MAX = 100;
/** Values of all kinds after the aliases are expanded. */
export const NODES_MAX = 100_000;
/** Characters of one value of a variable. */
export const VARIABLE_LENGTH_MAX = 64 * 1024;
/** Files that a scenario extends, one after the other. */
export const BASES_MAX = 8;
