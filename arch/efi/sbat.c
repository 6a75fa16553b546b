/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Section .sbat: by the generations in there shim refuses builds with a known hole, without a list
 * of their hashes. One line a component: name, generation, vendor, package, version, where to ask
 * (shim, SBAT.md). Ours is raised by each fix of a hole that lets a refused image start.
 */
#include "embed.h"

#define SBAT                                                                                       \
	"sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\n"            \
	"reveille,1,Reveille,reveille," REVEILLE_VERSION ",doc:README.md\n"

/* Without a final NUL: the section is the text. */
extern const char efi_sbat[sizeof(SBAT) - 1];
const char efi_sbat[sizeof(SBAT) - 1] __attribute__((section(".sbat"), used)) = SBAT;
