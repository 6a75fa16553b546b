/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The images as files: what a payload finds in the file system of its device (nic_file.c). An image
 * is a file of its name; separators in that, either way round, make folders, which exist for as
 * long as something is in them. Case does not count (UEFI 13.3: it is FAT), and of two images of
 * one name the one loaded last is there.
 *
 * A path of ours is components with a '/' between them, without one at either end; "" is the root.
 */
#ifndef ARCH_EFI_TREE_H
#define ARCH_EFI_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include "config/limits.h"

struct machine;
struct image;

enum tree_kind { TREE_NONE, TREE_FOLDER, TREE_FILE };

struct tree_node {
	enum tree_kind kind;
	struct image *img;	   /* TREE_FILE */
	char name[IMAGE_NAME_MAX]; /* its last component; "" for the root */
};

/*
 * The path that `name` leads to from the folder `dir`: "\a" is from the root, "." and ".." are
 * resolved, the root is its own parent. false: too long for any image.
 */
bool tree_path(char path[IMAGE_NAME_MAX], const char *dir, const char *name);
/* What is there. */
struct tree_node tree_find(struct machine *m, const char *path);
/* Number i of what is in a folder, in order of loading; TREE_NONE past the last. */
struct tree_node tree_entry(struct machine *m, const char *dir, unsigned i);

#endif
