// The languages that services are written in.

import type { Language as LanguageName } from "../../model/model.ts";
import { cpp } from "./cpp.ts";
import { dotnet } from "./dotnet.ts";
import { go } from "./go.ts";
import { java } from "./java.ts";
import type { Language } from "./language.ts";
import { nodejs } from "./nodejs.ts";
import { php } from "./php.ts";
import { python } from "./python.ts";
import { ruby } from "./ruby.ts";
import { rust } from "./rust.ts";

export const languages = { go, java, nodejs, python, ruby, php, dotnet, rust, cpp } satisfies Record<
  LanguageName,
  Language
>;

/** The language with that name. */
export function languageOf(name: LanguageName): Language {
  return languages[name];
}
