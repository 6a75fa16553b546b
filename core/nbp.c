/* SPDX-License-Identifier: BSD-2-Clause */
/* See nbp.h. */
#include "core/nbp.h"
#include "core/machine.h"

#define LOAD_ADDRESS 0x7c00u

/* What base memory holds from the load address on; 0 when the map has none there. */
static uint64_t room(const struct machine *m)
{
	for (unsigned i = 0; i < m->mem.nfirmware; i++) {
		const struct mem_range *r = &m->mem.firmware[i];

		if (r->type == MEM_RAM && r->start <= LOAD_ADDRESS && r->end > LOAD_ADDRESS)
			return (r->end < MEM_LOW ? r->end : MEM_LOW) - LOAD_ADDRESS;
	}
	return 0;
}

static int no(struct machine *m, const struct image *img, const char *what)
{
	return err_set(m, ERR_IMAGE_TYPE, "%s: %s", img->name, what);
}

static int nbp_probe(struct machine *m, const struct image *img)
{
	static const uint8_t elf[] = {0x7f, 'E', 'L', 'F'};
	uint8_t head[16] = {0};
	size_t n = img->total < sizeof(head) ? (size_t)img->total : sizeof(head), text = 0;

	image_get(m, img, 0, head, n);
	while (text < n && ((head[text] >= ' ' && head[text] < 0x7f) ||
				   (head[text] >= '\t' && head[text] <= '\r')))
		text++;
	if (!n || text == n)
		return no(m, img, "text");
	if (head[0] == 'M' && head[1] == 'Z')
		return no(m, img, "a UEFI or DOS program");
	if (!memcmp(head, elf, sizeof(elf)) || (head[0] == 0x1f && head[1] == 0x8b))
		return no(m, img, "ELF or gzip");
	if (img->total > room(m))
		return no(m, img, "too large for a network boot program");
	return 0;
}

static int nbp_prepare(struct machine *m, struct image *img, struct boot_request *req)
{
	if (img->state != IMAGE_READY)
		return err_set(m, ERR_IMAGE_INCOMPLETE, "%s", img->name);
	memset(req, 0, sizeof(*req));
	req->nbp_start = img->base;
	req->nbp_size = (uint32_t)img->total;
	str_copy(req->uri, sizeof(req->uri), img->uri);
	req->kind = BOOT_NBP;
	image_free(m, img);
	return 0;
}

const struct image_type nbp_type = {
	.name = "nbp",
	.probe = nbp_probe,
	.prepare = nbp_prepare,
	.guess = true,
};
