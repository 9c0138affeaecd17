// Plain `deno test` grants nothing: a test that needs a permission is ignored there, not failed.

const said = new Set<string>();

/**
 * True when one of them is not granted: `Deno.test({ name: "…", ignore: needs("net"), fn })`. The runner gives no reason
 * for an ignored test, so the permissions are named, once for each test file.
 */
export function needs(...names: Deno.PermissionName[]): boolean {
  const missing = names.filter((name) => Deno.permissions.querySync({ name }).state !== "granted");
  for (const name of missing.filter((name) => !said.has(name))) {
    said.add(name);
    // deno-lint-ignore no-console -- the runner shows it before the file's tests
    console.info(`ignored here: what needs --allow-${name}; deno task test grants it`);
  }
  return missing.length > 0;
}
