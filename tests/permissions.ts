// Plain `deno test` grants nothing: a test that needs a permission is ignored there, not failed.

/** True when one of them is not granted: `Deno.test({ name: "…", ignore: needs("net"), fn })`. */
export function needs(...names: Deno.PermissionName[]): boolean {
  return names.some((name) => Deno.permissions.querySync({ name } as Deno.PermissionDescriptor).state !== "granted");
}
