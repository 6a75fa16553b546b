/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bzImage, see bzimage.h. Offsets are those of the setup header in the file, which is at the same
 * offset in boot_params, and of boot_params itself (Documentation/arch/x86/zero-page.rst).
 */
#include "core/bytes.h"
#include "core/bzimage.h"
#include "core/initrd.h"
#include "core/machine.h"

enum { /* the setup header */
	SETUP_SECTS = 0x1f1,
	SYSSIZE = 0x1f4,
	BOOT_FLAG = 0x1fe,
	JUMP = 0x200,
	MAGIC = 0x202,
	VERSION = 0x206,
	TYPE_OF_LOADER = 0x210,
	LOADFLAGS = 0x211,
	CODE32_START = 0x214,
	RAMDISK_IMAGE = 0x218,
	RAMDISK_SIZE = 0x21c,
	CMD_LINE_PTR = 0x228,
	INITRD_ADDR_MAX = 0x22c,
	KERNEL_ALIGNMENT = 0x230,
	RELOCATABLE_KERNEL = 0x234,
	MIN_ALIGNMENT = 0x235,
	XLOADFLAGS = 0x236,
	CMDLINE_SIZE = 0x238,
	SETUP_DATA = 0x250,
	PREF_ADDRESS = 0x258,
	INIT_SIZE = 0x260,
	HEADER_END = 0x26c, /* its end in 2.15 */
	HEADER_MAX = 0x290, /* boot_params has other things from here */
};

enum { /* the rest of boot_params */
	OLD_CMDLINE_MAGIC = 0x20,
	OLD_CMDLINE_OFFSET = 0x22,
	ALT_MEM_K = 0x1e0,
	E820_ENTRIES = 0x1e8,
	E820_TABLE = 0x2d0,
	E820_ENTRY = 20,
	E820_MAX = 128,
};

_Static_assert(MEM_RANGES_MAX <= E820_MAX, "boot_params holds the whole map");

#define HDRS		 0x53726448u
#define LOADED_HIGH	 0x01u
#define XLF_ABOVE_4G	 0x02u
#define LOADER_UNDEFINED 0xffu
#define LOAD_ADDRESS	 0x100000u /* of bzImages, unless they can be relocated */
#define END_32		 0x100000000ull

/* The setup header, as far as the kernel's protocol version has it and we need it. */
struct bzimage {
	uint8_t raw[HEADER_MAX - SETUP_SECTS];
	uint16_t version;
	uint32_t setup_size; /* bytes in front of the 32-bit code */
	uint64_t code_size;  /* bytes of the 32-bit code and all that follows */
	uint32_t entry;	     /* offset of the 32-bit entry in it */
	uint64_t initrd_end; /* initrds lie below */
	uint32_t cmdline_max;
	bool relocatable;
	uint32_t align, align_min;
	uint64_t preferred; /* where it wants to run */
	uint64_t init_size; /* bytes it needs there; 0: the header does not say */
};

static uint8_t *field(uint8_t *raw, unsigned off)
{
	return raw + (off - SETUP_SECTS);
}

static struct bytes field_at(const struct bzimage *k, unsigned off)
{
	return bytes_of(k->raw + (off - SETUP_SECTS), HEADER_MAX - off);
}

static uint32_t get8(const struct bzimage *k, unsigned off)
{
	struct bytes b = field_at(k, off);

	return bytes_u8(&b);
}

static uint32_t get16(const struct bzimage *k, unsigned off)
{
	struct bytes b = field_at(k, off);

	return bytes_le16(&b);
}

static uint32_t get32(const struct bzimage *k, unsigned off)
{
	struct bytes b = field_at(k, off);

	return bytes_le32(&b);
}

static void put_le(uint8_t *p, uint64_t v, unsigned n)
{
	for (; n; n--, v >>= 8)
		*p++ = (uint8_t)v;
}

static int bad(struct machine *m, const struct image *img, const char *name, uint64_t value)
{
	return err_set(
		m, ERR_BZIMAGE_BAD, "%s: %s is 0x%llx", img->name, name, (unsigned long long)value);
}

/* setup_sects, syssize: is all of the file there? */
static int read_sizes(struct machine *m, const struct image *img, struct bzimage *k)
{
	uint32_t sects = get8(k, SETUP_SECTS);
	uint64_t want;

	k->setup_size = ((sects ? sects : 4) + 1) * 512;
	want = k->setup_size + 1;
	/* Earlier, the field has 16 bits and cannot be trusted (boot.rst, syssize). */
	if (k->version >= 0x204 && get32(k, SYSSIZE))
		want = k->setup_size + (uint64_t)get32(k, SYSSIZE) * 16;
	if (img->total < want)
		return image_truncated(m, img, want);
	k->code_size = img->total - k->setup_size;
	return 0;
}

/* Where the kernel may be and what it needs there. */
static int read_placement(struct machine *m, const struct image *img, struct bzimage *k)
{
	struct bytes b = field_at(k, PREF_ADDRESS);
	uint32_t start = get32(k, CODE32_START), shift;

	k->entry = start - LOAD_ADDRESS;
	if (k->entry >= k->code_size)
		return bad(m, img, "code32_start", start);
	k->preferred = LOAD_ADDRESS;
	k->align = k->align_min = 1;
	if (k->version >= 0x205 && get8(k, RELOCATABLE_KERNEL)) {
		k->relocatable = true;
		k->align = k->align_min = get32(k, KERNEL_ALIGNMENT);
		if (!k->align || k->align & (k->align - 1))
			return bad(m, img, "kernel_alignment", k->align);
	}
	if (k->version < 0x20a)
		return 0;
	k->init_size = get32(k, INIT_SIZE);
	k->preferred = bytes_le64(&b);
	if (k->preferred >= END_32)
		return bad(m, img, "pref_address", k->preferred);
	if (k->preferred < LOAD_ADDRESS)
		k->preferred = LOAD_ADDRESS;
	shift = get8(k, MIN_ALIGNMENT);
	if (k->relocatable && shift && shift < 32 && (uint32_t)1 << shift < k->align)
		k->align_min = (uint32_t)1 << shift;
	return 0;
}

static int read_header(struct machine *m, const struct image *img, struct bzimage *k)
{
	int ret;

	memset(k, 0, sizeof(*k));
	if (!image_get(m, img, BOOT_FLAG, field(k->raw, BOOT_FLAG), VERSION + 2 - BOOT_FLAG) ||
		get16(k, BOOT_FLAG) != 0xaa55 || get32(k, MAGIC) != HDRS)
		return -ERR_IMAGE_TYPE;
	k->version = (uint16_t)get16(k, VERSION);
	if (k->version < 0x200)
		return err_set(m, ERR_BZIMAGE_OLD, "%s: protocol %u.%02u", img->name,
			k->version >> 8, k->version & 0xff);
	if (!image_get(m, img, SETUP_SECTS, k->raw, sizeof(k->raw)))
		return image_truncated(m, img, HEADER_MAX);
	if (!(get8(k, LOADFLAGS) & LOADED_HIGH))
		return err_set(
			m, ERR_BZIMAGE_OLD, "%s: a zImage, which loads below 640 KiB", img->name);
	ret = read_sizes(m, img, k);
	if (ret)
		return ret;
	k->initrd_end = (k->version >= 0x203 ? get32(k, INITRD_ADDR_MAX) : 0x37ffffff) + 1ull;
	/* A kernel that reaches beyond 4 GiB says 2 GiB there only for the sake of old boot
	 * loaders. */
	if (k->version >= 0x20c && get16(k, XLOADFLAGS) & XLF_ABOVE_4G)
		k->initrd_end = END_32;
	k->cmdline_max = k->version >= 0x206 ? get32(k, CMDLINE_SIZE) : 255;
	return read_placement(m, img, k);
}

static int bzimage_probe(struct machine *m, const struct image *img)
{
	struct bzimage k;

	return read_header(m, img, &k);
}

/* n > 0 characters: a number with K, M, G ... behind it, as Linux reads `mem=`; 0 when it is none.
 */
static uint64_t parse_size(const char *s, size_t n)
{
	static const char units[] = "kmgtpe";
	const char *unit;
	char text[24];
	uint64_t v;

	if (!str_copy_n(text, sizeof(text), s, n))
		return 0;
	unit = strchr(units, text[n - 1] | 0x20);
	if (unit)
		text[n - 1] = 0;
	if (!str_u64(text, &v))
		return 0;
	for (const char *u = units; unit && u <= unit; u++)
		v = v >> 54 ? UINT64_MAX : v << 10;
	return v;
}

/* The end of memory that the command line tells the kernel, or `end`. */
static uint64_t limit_of(const char *cmdline, uint64_t end)
{
	const char *word = cmdline;

	while (*word) {
		size_t n = 0;

		while (word[n] && word[n] != ' ')
			n++;
		if (n > 4 && str_starts(word, "mem=")) {
			uint64_t v = parse_size(word + 4, n - 4);

			if (v && v < end)
				end = v;
		}
		word += n;
		while (*word == ' ')
			word++;
	}
	return end;
}

/* A place for the kernel that is being tried, and what came of the earlier ones. */
struct attempt {
	struct machine *m;
	const struct image *img;
	const struct bzimage *k;
	struct boot_request *req;
	uint64_t limit;
	bool kernel_fits; /* somewhere at least, if not with the initrds */
};

/* What the kernel overwrites from its run address on; an estimate where the header does not say. */
static uint64_t work_size(const struct bzimage *k)
{
	uint64_t size = k->init_size ? k->init_size : 4 * k->code_size;

	return size > k->code_size ? size : k->code_size;
}

static bool try_load(struct attempt *a, uint64_t load)
{
	const struct bzimage *k = a->k;
	struct boot_move move = {load, a->img->base + k->setup_size, k->code_size};
	uint64_t run = k->relocatable ? load : k->preferred;
	uint64_t need = k->init_size ? work_size(k) : k->code_size;
	struct range keep = {load, run + work_size(k)}; /* run is never below load */

	if (run + need > END_32 || !mem_is_ram(a->m, load, load + k->code_size) ||
		!mem_is_ram(a->m, run, run + need))
		return false;
	a->kernel_fits = true;
	if (!initrd_place(a->m, &move, keep, a->limit, a->req))
		return false;
	a->req->entry = (uint32_t)load + k->entry;
	a->req->kernel_start = keep.start;
	a->req->kernel_end = keep.end;
	return true;
}

/* The preferred address, else the start of each stretch of memory above it. */
static bool try_aligned(struct attempt *a, uint64_t align)
{
	const struct ranges *ram = &a->m->mem.ram;
	uint64_t lowest = mem_align_up(a->k->preferred, align), low;

	if (try_load(a, lowest))
		return true;
	for (unsigned i = 0; i < ram->n; i++) {
		low = mem_align_up(ram->r[i].start, align);
		if (low > lowest && try_load(a, low))
			return true;
	}
	return false;
}

/* Finds places for kernel and initrds; *align is what the kernel was aligned to. */
static bool place(struct attempt *a, uint32_t *align)
{
	if (!a->k->relocatable)
		return try_load(a, LOAD_ADDRESS);
	/* Less alignment than the kernel likes only where it cannot have it (boot.rst,
	 * min_alignment). */
	for (*align = a->k->align; *align >= a->k->align_min; *align >>= 1)
		if (try_aligned(a, *align))
			return true;
	return false;
}

/* What the firmware says. */
static void put_memory_map(const struct machine *m, uint8_t *params)
{
	uint8_t *row = params + E820_TABLE;
	uint64_t end = LOAD_ADDRESS;
	unsigned n = 0;

	for (; n < m->mem.nfirmware; n++, row += E820_ENTRY) {
		const struct mem_range *r = &m->mem.firmware[n];

		put_le(row, r->start, 8);
		put_le(row + 8, r->end - r->start, 8);
		put_le(row + 16, r->type, 4);
		if (r->type == MEM_RAM && r->start <= end && r->end > end)
			end = r->end < END_32 ? r->end : END_32;
	}
	params[E820_ENTRIES] = (uint8_t)n;
	/* KiB from 1 MiB up to the first hole, for kernels before 2.4. */
	put_le(params + ALT_MEM_K, (end - LOAD_ADDRESS) >> 10, 4);
}

static void put_params(
	const struct machine *m, const struct bzimage *k, uint32_t align, struct boot_request *req)
{
	uint8_t *params = req->params;
	unsigned jump = get8(k, JUMP + 1), end = HEADER_END;

	/* A short jump over the header says how long it is (boot.rst, "32-bit boot protocol"). */
	if (get8(k, JUMP) == 0xeb && jump < 0x80)
		end = MAGIC + jump;
	memcpy(params + SETUP_SECTS, k->raw, end - SETUP_SECTS);
	params[TYPE_OF_LOADER] = LOADER_UNDEFINED;
	/* No CAN_USE_HEAP: the heap is the real-mode code's, which does not run. */
	params[LOADFLAGS] = LOADED_HIGH;
	put_le(params + CODE32_START, req->entry, 4);
	put_le(params + RAMDISK_IMAGE, req->initrd_start, 4);
	put_le(params + RAMDISK_SIZE, req->initrd_size, 4);
	if (k->version >= 0x209)
		put_le(params + SETUP_DATA, 0, 8);
	if (k->version >= 0x20a && k->relocatable)
		put_le(params + KERNEL_ALIGNMENT, align, 4);
	put_memory_map(m, params);
}

static int bzimage_prepare(struct machine *m, struct image *img, struct boot_request *req)
{
	struct attempt a = {.m = m, .img = img, .req = req};
	struct bzimage k;
	uint32_t align = 0;
	size_t n = strlen(img->cmdline);
	int ret;

	memset(req, 0, sizeof(*req));
	if (img->state != IMAGE_READY)
		return err_set(m, ERR_IMAGE_INCOMPLETE, "%s", img->name);
	ret = read_header(m, img, &k);
	if (!ret && n > k.cmdline_max)
		ret = err_set(m, ERR_BZIMAGE_CMDLINE, "%zu characters, %s takes %u", n, img->name,
			k.cmdline_max);
	if (!ret)
		ret = initrd_headers(m, req);
	if (ret)
		return ret;
	a.k = &k;
	a.limit = limit_of(img->cmdline, k.initrd_end);
	if (!place(&a, &align))
		return a.kernel_fits ? err_set(m, ERR_INITRD_PLACE, "below 0x%llx, beside %s",
					       (unsigned long long)a.limit, img->name)
				     : err_set(m, ERR_BZIMAGE_PLACE, "%s: %llu KiB from 0x%llx on",
					       img->name, (unsigned long long)(work_size(&k) >> 10),
					       (unsigned long long)k.preferred);
	put_params(m, &k, align, req);
	str_copy(req->cmdline, sizeof(req->cmdline), img->cmdline);
	req->protocol = k.version;
	req->kind = BOOT_LINUX;
	return 0;
}

void bzimage_place_params(
	uint8_t *params, uint16_t protocol, uint32_t params_addr, uint32_t cmdline_addr)
{
	if (protocol >= 0x202) {
		put_le(params + CMD_LINE_PTR, cmdline_addr, 4);
		return;
	}
	put_le(params + OLD_CMDLINE_MAGIC, 0xa33f, 2);
	put_le(params + OLD_CMDLINE_OFFSET, cmdline_addr - params_addr, 2);
}

const struct image_type bzimage_type = {
	.name = "bzimage",
	.probe = bzimage_probe,
	.prepare = bzimage_prepare,
};
