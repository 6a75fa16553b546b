/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a file that somebody wants to run under UEFI. The input: byte 0 for which CPU (bit
 * 0) and with how long a command line, the rest is the file.
 *
 * Whatever it says, no byte outside of it is read (the image ends where it ends); a request points
 * at the whole file; and what is refused is refused with the same words whoever asks.
 */
#include <stdlib.h>
#include "core/pe.h"
#include "core/machine.h"
#include "tests/fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake fake;
static struct machine m;
static struct platform plat;
static const struct image_type *const types[] = {&pe_type, &pe_not_type, NULL};

static void check(bool good)
{
	if (!good)
		abort();
}

static void run(struct image *img, unsigned how)
{
	int ret = image_close(&m, img), claimed = ret;

	check(!ret || ret == -ERR_IMAGE_TRUNCATED);
	memset(img->cmdline, 'x', how / 2 * 32);
	if (!img->type)
		ret = image_probe(&m, img);
	check(!img->type == (ret != 0) && (!claimed || ret == claimed));
	check(pe_type.probe(&m, img) == ret);
	memset(&m.boot, 0xa5, sizeof(m.boot));
	if (!ret)
		ret = img->type->prepare(&m, img, &m.boot);
	check(!ret || m.err.code == -ret);
	if (ret || !img->type)
		return;
	check(m.boot.kind == BOOT_EFI && m.boot.payload_start == img->base &&
		m.boot.payload_size == img->total && !m.boot.nmoves && !m.boot.nblobs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config config;
	struct image *img;

	if (!size || size > 1u << 20)
		return 0;
	config = fake_config;
	config.image_types = types;
	plat = fake_platform;
	plat.buildarch = data[0] & 1 ? "arm64" : "x86_64";
	fake_init(&fake, 8u << 20);
	check(!machine_init(&m, NULL, &plat, &fake, &config));
	check(!image_open(&m, "x", "http://192.0.2.1/x", size - 1, NULL, &img));
	check(!image_put(&m, img, 0, data + 1, size - 1));
	run(img, data[0]);
	fake_end(&fake);
	return 0;
}
