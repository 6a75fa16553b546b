/* SPDX-License-Identifier: BSD-2-Clause */
/* See pe.h. Offsets are those of the PE format's own tables. */
#include "core/pe.h"
#include "core/bytes.h"
#include "core/initrd.h"
#include "core/machine.h"

enum {
	DOS_LFANEW = 0x3c, /* where the PE signature is */
	DOS_SIZE = 0x40,
	COFF_SIZE = 24,	     /* with the signature */
	OPTIONAL_SIZE = 112, /* of PE32+, without data directories */
	SECTION_SIZE = 40,
	SECTION_RAW = 16,  /* SizeOfRawData, PointerToRawData */
	SECTIONS_MAX = 96, /* "COFF File Header", NumberOfSections */

	PE32_PLUS = 0x20b,
	MACHINE_AMD64 = 0x8664,
	MACHINE_ARM64 = 0xaa64,
	EFI_APPLICATION = 10, /* and two kinds of drivers behind it */
	EFI_RUNTIME_DRIVER = 12,

	/* Linux kernels: Documentation/arch/x86/boot.rst, arch/arm64/booting.rst */
	X86_MAGIC = 0x202,
	X86_VERSION = 0x206,
	X86_CMDLINE_SIZE = 0x238,
	ARM64_MAGIC = 0x38,
};

struct pe {
	uint16_t machine, sections, optional, magic, subsystem;
	uint32_t headers; /* bytes of all of them */
	uint64_t table;	  /* where the sections' headers start */
};

static bool has(struct machine *m, const struct image *img, uint64_t at, const char *magic)
{
	char there[4];

	return image_get(m, img, at, there, 4) && !memcmp(there, magic, 4);
}

/* What a file is that is no PE image, where it can be told; "". */
static const char *what_else(struct machine *m, const struct image *img)
{
	uint8_t head[2] = {0};

	image_get(m, img, 0, head, sizeof(head));
	if (img->state == IMAGE_LATE)
		return "an initrd, which comes when a kernel asks for it";
	if (has(m, img, X86_MAGIC, "HdrS") || has(m, img, ARM64_MAGIC, "ARM\x64"))
		return "a Linux kernel without EFI stub";
	if (head[0] == 0x1f && head[1] == 0x8b)
		return "compressed by gzip";
	if (head[0] == 'M' && head[1] == 'Z')
		return "a program for DOS";
	return "";
}

/* Finds the headers: 0; ERR_IMAGE_TYPE when there are none. */
static int read_headers(struct machine *m, const struct image *img, struct pe *pe)
{
	uint8_t raw[COFF_SIZE + OPTIONAL_SIZE];
	struct bytes b = bytes_of(raw, DOS_SIZE);
	uint64_t at;

	if (!image_get(m, img, 0, raw, DOS_SIZE) || bytes_le16(&b) != 0x5a4d) /* "MZ" */
		return -ERR_IMAGE_TYPE;
	bytes_skip(&b, DOS_LFANEW - 2);
	at = bytes_le32(&b);
	if (at + 4 <= img->total && !has(m, img, at, "PE\0\0"))
		return -ERR_IMAGE_TYPE;
	if (!image_get(m, img, at, raw, sizeof(raw)))
		return image_truncated(m, img, at + sizeof(raw));
	b = bytes_of(raw, sizeof(raw));
	bytes_skip(&b, 4);
	pe->machine = bytes_le16(&b);
	pe->sections = bytes_le16(&b);
	bytes_skip(&b, 12);
	pe->optional = bytes_le16(&b);
	bytes_skip(&b, 2);
	pe->magic = bytes_le16(&b);
	bytes_skip(&b, 58);
	pe->headers = bytes_le32(&b);
	bytes_skip(&b, 4);
	pe->subsystem = bytes_le16(&b);
	pe->table = at + COFF_SIZE + pe->optional;
	return 0;
}

/* Every section's bytes are in the file. */
static int check_sections(struct machine *m, const struct image *img, const struct pe *pe)
{
	uint64_t end = pe->table + pe->sections * (uint64_t)SECTION_SIZE;
	uint8_t raw[8];

	if (end < pe->headers)
		end = pe->headers;
	if (end > img->total)
		return image_truncated(m, img, end);
	for (unsigned i = 0; i < pe->sections; i++) {
		struct bytes b = bytes_of(raw, sizeof(raw));

		image_get(m, img, pe->table + i * SECTION_SIZE + SECTION_RAW, raw, sizeof(raw));
		end = bytes_le32(&b);
		end = end ? end + bytes_le32(&b) : 0;
		if (end > img->total)
			return image_truncated(m, img, end);
	}
	return 0;
}

static unsigned our_machine(const struct machine *m)
{
	return strcmp(m->plat->buildarch, "arm64") ? MACHINE_AMD64 : MACHINE_ARM64;
}

/* Why it is no program for us, NULL when it is one. */
static const char *why_not(const struct machine *m, const struct image *img, const struct pe *pe)
{
	if (pe->magic != PE32_PLUS)
		return "for a 32-bit CPU";
	if (pe->machine != our_machine(m))
		return pe->machine == MACHINE_AMD64   ? "for x86-64"
		       : pe->machine == MACHINE_ARM64 ? "for arm64"
						      : "for another CPU";
	if (pe->subsystem < EFI_APPLICATION || pe->subsystem > EFI_RUNTIME_DRIVER)
		return "a program, but not for UEFI";
	if (pe->optional < OPTIONAL_SIZE || pe->sections > SECTIONS_MAX || img->total > UINT32_MAX)
		return "its headers make no sense";
	return NULL;
}

static int pe_probe(struct machine *m, const struct image *img)
{
	struct pe pe;
	int ret = read_headers(m, img, &pe);

	if (!ret && why_not(m, img, &pe))
		ret = -ERR_IMAGE_TYPE;
	return ret ? ret : check_sections(m, img, &pe);
}

static int pe_not_probe(struct machine *m, const struct image *img)
{
	struct pe pe;
	const char *what = read_headers(m, img, &pe) ? what_else(m, img) : why_not(m, img, &pe);

	return err_set(m, ERR_IMAGE_TYPE, "%s: %s", img->name, what ? what : "");
}

/* A Linux/x86 kernel says how long a command line it takes; others cut what is too long. */
static int check_cmdline(struct machine *m, const struct image *img)
{
	size_t n = strlen(img->cmdline);
	uint8_t raw[4];
	struct bytes b = bytes_of(raw, 2);
	uint32_t most;

	if (!has(m, img, X86_MAGIC, "HdrS") || !image_get(m, img, X86_VERSION, raw, 2) ||
		bytes_le16(&b) < 0x206 || !image_get(m, img, X86_CMDLINE_SIZE, raw, 4))
		return 0;
	b = bytes_of(raw, 4);
	most = bytes_le32(&b);
	return n <= most ? 0
			 : err_set(m, ERR_BZIMAGE_CMDLINE, "%zu characters, %s takes %u", n,
				   img->name, most);
}

static int pe_prepare(struct machine *m, struct image *img, struct boot_request *req)
{
	int ret;

	memset(req, 0, sizeof(*req));
	if (img->state != IMAGE_READY)
		return err_set(m, ERR_IMAGE_INCOMPLETE, "%s", img->name);
	ret = pe_probe(m, img);
	if (!ret)
		ret = check_cmdline(m, img);
	if (!ret)
		ret = initrd_headers(m, req);
	if (ret)
		return ret;
	req->payload_start = img->base;
	req->payload_size = (uint32_t)img->total;
	str_copy(req->uri, sizeof(req->uri), img->uri);
	str_copy(req->name, sizeof(req->name), img->name);
	str_copy(req->cmdline, sizeof(req->cmdline), img->cmdline);
	req->kind = BOOT_EFI;
	return 0;
}

const struct image_type pe_type = {
	.name = "efi",
	.probe = pe_probe,
	.prepare = pe_prepare,
};

const struct image_type pe_not_type = {
	.name = "",
	.probe = pe_not_probe,
	.guess = true,
};
