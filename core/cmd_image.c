/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands on images: boot imgselect imgargs imgfree imgstat, and the older names of the first two.
 */
#include "core/cmd.h"
#include "core/fmt.h"
#include "core/machine.h"

static int image_named(struct machine *m, const char *name, struct image **img)
{
	char shown[64];

	*img = image_find(m, name);
	if (*img)
		return 0;
	str_clean(shown, sizeof(shown), name, strlen(name));
	return err_set(m, ERR_IMAGE_NOT_FOUND, "%s", shown);
}

static int arguments(struct machine *m, struct image *img, int argc, char **argv)
{
	if (command_join(argc, argv, img->cmdline, sizeof(img->cmdline)))
		return 0;
	return err_set(m, ERR_BZIMAGE_CMDLINE, "at most %d characters", IMAGE_CMDLINE_MAX - 1);
}

static int boot_start(struct machine *m, int argc, char **argv)
{
	struct image *img = m->kernel;
	int autofree = 0, replace, ret, at;
	const struct option options[] = {
		{"autofree", 'a', NULL, &autofree},
		{"replace", 'r', NULL, &replace},
	};

	at = command_options(m, argc, argv, options, 2);
	if (at < 0)
		return at;
	if (at < argc) {
		/* What is not loaded is fetched first. */
		if (!image_find(m, argv[at]) && command_find(m, "chain"))
			return command_become(m, "chain", argc, argv);
		ret = image_named(m, argv[at], &img);
		if (ret)
			return ret;
	}
	if (!img)
		return err_set(m, ERR_IMAGE_NO_KERNEL, "nothing to boot");
	img->autofree |= autofree != 0;
	ret = at + 1 < argc ? arguments(m, img, argc - at - 1, argv + at + 1) : 0;
	if (!ret && !img->type)
		ret = image_probe(m, img);
	return ret ? ret : img->type->prepare(m, img, &m->boot);
}

const struct command cmd_boot = {
	.name = "boot",
	.usage = "[IMAGE [ARGUMENT...]]",
	.help = "start the selected image, or this one",
	.start = boot_start,
};

const struct command cmd_imgexec = {
	.name = "imgexec",
	.usage = "[IMAGE [ARGUMENT...]]",
	.help = "another name of boot",
	.start = boot_start,
};

static int imgselect_start(struct machine *m, int argc, char **argv)
{
	struct image *img;
	int ret;

	if (argc != 2)
		return -ERR_SCRIPT_USAGE;
	ret = image_named(m, argv[1], &img);
	if (!ret && !img->type)
		ret = image_probe(m, img);
	if (!ret)
		m->kernel = img;
	return ret;
}

const struct command cmd_imgselect = {
	.name = "imgselect",
	.usage = "IMAGE",
	.help = "select the image that boot starts",
	.start = imgselect_start,
};

const struct command cmd_imgload = {
	.name = "imgload",
	.usage = "IMAGE",
	.help = "another name of imgselect",
	.start = imgselect_start,
};

static int imgargs_start(struct machine *m, int argc, char **argv)
{
	struct image *img;
	int ret;

	if (argc < 2)
		return -ERR_SCRIPT_USAGE;
	ret = image_named(m, argv[1], &img);
	return ret ? ret : arguments(m, img, argc - 2, argv + 2);
}

const struct command cmd_imgargs = {
	.name = "imgargs",
	.usage = "IMAGE [ARGUMENT...]",
	.help = "set the command line of an image",
	.start = imgargs_start,
};

/* Scripts that run stay until they end. */
static int imgfree_start(struct machine *m, int argc, char **argv)
{
	struct image *img;
	int ret;

	for (int i = 1; i < argc; i++) {
		ret = image_named(m, argv[i], &img);
		if (ret)
			return ret;
		if (!script_holds(m, img))
			image_free(m, img);
	}
	for (unsigned i = 0; argc == 1 && (img = image_nth(m, i));) {
		if (script_holds(m, img))
			i++;
		else
			image_free(m, img);
	}
	return 0;
}

const struct command cmd_imgfree = {
	.name = "imgfree",
	.usage = "[IMAGE...]",
	.help = "free images, or all of them",
	.start = imgfree_start,
};

static void stat_print(struct machine *m, const struct image *img)
{
	char name[IMAGE_NAME_MAX], cmdline[256];

	str_clean(name, sizeof(name), img->name, strlen(img->name));
	str_clean(cmdline, sizeof(cmdline), img->cmdline, strlen(img->cmdline));
	console_print(m, "%s : %llu bytes%s%s%s%s%s%s%s%s\n", name, (unsigned long long)img->total,
		img->type ? " [" : "", img->type ? img->type->name : "", img->type ? "]" : "",
		img->initrd ? " [initrd]" : "", img->state == IMAGE_LATE ? " [late]" : "",
		img == m->kernel ? " [selected]" : "", cmdline[0] ? " " : "", cmdline);
}

static int imgstat_start(struct machine *m, int argc, char **argv)
{
	struct image *img;
	int ret;

	for (int i = 1; i < argc; i++) {
		ret = image_named(m, argv[i], &img);
		if (ret)
			return ret;
		stat_print(m, img);
	}
	for (unsigned i = 0; argc == 1 && (img = image_nth(m, i)); i++)
		stat_print(m, img);
	return 0;
}

const struct command cmd_imgstat = {
	.name = "imgstat",
	.usage = "[IMAGE...]",
	.help = "list images, or these",
	.start = imgstat_start,
};
