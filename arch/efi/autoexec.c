/* SPDX-License-Identifier: BSD-2-Clause */
/* What the application runs: the script that is in it, else the built-in start. */
#include "arch/efi/efi.h"
#include "core/str.h"
#include "embed.h"

void efi_choose_script(void)
{
	static const char embedded[] = REVEILLE_EMBED;
	struct machine *m = &efi_sys->m;
	const char *text = embedded[0] ? embedded : m->config->start;

	script_run_text(m, text, strlen(text));
}
